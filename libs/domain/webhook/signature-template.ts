/** What a signature of a webhook's own may cover, by the name in its template. */
export const SIGNED_VARIABLES = ['id', 'delivery_id', 'type', 'timestamp', 'timestamp_ms', 'body'] as const;
export type SignedVariable = (typeof SIGNED_VARIABLES)[number];

/** What may stand before a signature: when it was made. Ids are chosen by publishers, and could forge a list. */
export const PREFIX_VARIABLES = ['timestamp', 'timestamp_ms'] as const satisfies readonly SignedVariable[];

/** Text as it stands, and what is put in for each request. */
export type TemplatePart = string | { variable: SignedVariable };

export type TemplateReading = { ok: true; parts: TemplatePart[] } | { ok: false; message: string };

/**
 * Reads a template such as `t={{timestamp}},v1=`. `{{` begins a variable, and
 * can begin nothing else.
 * @param allowed the variables that may stand in it
 * @returns its parts in order, no two texts side by side, or what is wrong with it in a sentence
 */
export function readTemplate(template: string, allowed: readonly SignedVariable[]): TemplateReading {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (;;) {
    const open = template.indexOf('{{', at);
    const text = open === -1 ? template.slice(at) : template.slice(at, open);
    if (text !== '') parts.push(text);
    if (open === -1) return { ok: true, parts };
    const close = template.indexOf('}}', open);
    if (close === -1) return { ok: false, message: `has {{ at character ${open + 1} and no }} after it` };
    const name = template.slice(open + 2, close);
    const variable = allowed.find((each) => each === name.trim());
    if (variable === undefined) return { ok: false, message: unknown(name, allowed) };
    parts.push({ variable });
    at = close + 2;
  }
}

function unknown(name: string, allowed: readonly SignedVariable[]): string {
  const known = allowed.map((each) => `{{${each}}}`).join(', ');
  return `has the variable {{${name.slice(0, 40)}}}, but there are only ${known}`;
}
