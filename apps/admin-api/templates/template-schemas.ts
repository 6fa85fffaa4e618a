import { z } from 'zod';
import { webhookPatch } from '../webhooks/webhook-schemas.js';

const field = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  required: z.boolean(),
  secret: z.boolean().describe('Its value is sealed with the webhook, and never shown again.'),
  example: z.string(),
});

export const templateView = z
  .object({
    id: z.string(),
    title: z.string(),
    description: z.string(),
    category: z.enum(['chat', 'incidents', 'automation', 'generic', 'earlier systems']),
    documentation: z.string().nullable().describe('Where the service says how it wants to be called.'),
    fields: z.array(field).describe('What a person fills in.'),
    webhook: z
      .record(z.string(), z.unknown())
      .describe('The webhook that is made; `<<name>>` stands for the field of that name.'),
  })
  .meta({ id: 'Template' });

export const templateList = z.object({ data: z.array(templateView), next_cursor: z.null() });

const MOST_CHARACTERS = 16_384;

export const filledTemplate = webhookPatch
  .extend({
    fields: z
      .record(z.string(), z.string().min(1).max(MOST_CHARACTERS))
      .default(() => ({}))
      .describe("The values of the template's fields, by name."),
    secret: z.string().optional().describe('As in a new webhook.'),
  })
  .describe(
    '`fields`, and any field of a webhook, which goes before the one of the template; null for its default.',
  )
  .meta({ id: 'FilledTemplate' });
export type FilledTemplate = z.output<typeof filledTemplate>;
