import type { TenantId } from '#domain';
import { findEventType, type DataSource } from '#persistence';

const SAMPLE = '{"message":"This is a test of a webhook."}';

/** JSON text that stands for the data of an event: the example of its type in the catalogue, else a small sample. */
export async function sampleData(database: DataSource, tenant: TenantId, type: string): Promise<string> {
  const declared = await findEventType(database, tenant, type);
  const example = declared?.example;
  return example === null || example === undefined ? SAMPLE : JSON.stringify(example);
}
