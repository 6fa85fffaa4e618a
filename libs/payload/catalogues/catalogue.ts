import type { EventTypeDefinition } from '#domain';

/** An event type as a document declares it. Whether the definition is sound is not looked at here. */
export interface CatalogueEntry {
  name: string;
  definition: EventTypeDefinition;
}

/** Something in a document that cannot become an event type. */
export interface Unreadable {
  /** Where in the document, or what it is called there. */
  name: string;
  reason: string;
}

export interface Catalogue {
  format: 'tidings' | 'openapi' | 'asyncapi';
  entries: CatalogueEntry[];
  unreadable: Unreadable[];
}

/** A document that is no catalogue of any kind that Tidings reads. */
export class CatalogueError extends Error {
  override readonly name = 'CatalogueError';
}

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first of some values that is a text; empty when none is. */
export function firstText(...values: unknown[]): string {
  return values.find((value): value is string => typeof value === 'string') ?? '';
}
