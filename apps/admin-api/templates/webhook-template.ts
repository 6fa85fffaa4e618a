/** What a person fills in. */
export interface TemplateField {
  name: string;
  title: string;
  description: string;
  required: boolean;
  /** Its value is sealed with the webhook, and never shown again. */
  secret: boolean;
  /** What a value looks like. */
  example: string;
}

/**
 * A webhook that is ready but for some fields. In its texts `<<name>>` stands
 * for the field of that name; a member whose field is left out is left out too.
 * A secret may stand where webhooks keep secrets, in `auth` and `secret`, alone.
 */
export interface WebhookTemplate {
  title: string;
  description: string;
  category: 'chat' | 'incidents' | 'automation' | 'generic' | 'earlier systems';
  /** Where the service says how it wants to be called. */
  documentation: string | null;
  fields: TemplateField[];
  webhook: Readonly<Record<string, unknown>>;
}

/** The address of a receiver that is somebody's own. */
export const URL_FIELD: TemplateField = {
  name: 'url',
  title: 'URL',
  description: 'Where your receiver takes requests.',
  required: true,
  secret: false,
  example: 'https://example.com/webhooks',
};

/** For receivers that know their secret already. */
export const SECRET_FIELD: TemplateField = {
  name: 'secret',
  title: 'Secret',
  description: 'What your receivers verify signatures with; left out, one is made and shown once.',
  required: false,
  secret: true,
  example: 'a-secret-that-receivers-know',
};

/** A field that holds a credential. */
export function credential(name: string, title: string, description: string, example: string): TemplateField {
  return { name, title, description, required: true, secret: true, example };
}

/** The URL of a service that has its secret in it. */
export function serviceUrl(description: string, example: string): TemplateField {
  return {
    ...URL_FIELD,
    description: `${description} Whoever may read the webhook sees it.`,
    example,
  };
}
