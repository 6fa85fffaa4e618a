import { readFileSync, writeFileSync } from 'node:fs';
import { HTTP, type CloudEvent } from 'cloudevents';
import fc from 'fast-check';
import { BUILT_IN_FORMATS, type PayloadFormat } from '#domain';
import { compileFormat } from './compile-format.js';
import { payloadEvent } from './testing/payload-event-for-tests.js';

const GOLDEN = new URL('./golden/', import.meta.url);
const SAMPLES: Record<string, Parameters<typeof payloadEvent>[0]> = {
  plain: {},
  'non-ascii': { data: '{"name":"Zoë 😀","né":"\\u00e9","url":"a\\/b"}', type: 'task.completed' },
  numbers: { data: '{"b":1.0,"a":1e16,"big":12345678901234567890,"2":-0.0,"small":0.00001,"1":[1.50]}' },
  metadata: {
    data: '{"request_id":7,"x":null}',
    metadata: '{"request_id":123,"source":"/shop","subject":"o-1","comexampleext":5,"Not An Attribute":1}',
  },
  list: { data: ' [1, {"a": "<!channel> *b* @everyone"}] ' },
  scalar: { data: '"just \\"text\\""' },
  nothing: { data: 'null', type: 'user_signed_up' },
  empty: { data: '{}' },
};

const render = (format: PayloadFormat, given: Parameters<typeof payloadEvent>[0]) =>
  compileFormat(format).render(payloadEvent(given));

describe.each(BUILT_IN_FORMATS)('the format %s', (format) => {
  const written = Object.entries(SAMPLES)
    .map(([name, given]) => {
      const { headers, body } = render(format, given);
      const head = Object.entries(headers).map(([header, value]) => `${header}: ${value}\n`);
      return `== ${name}\n${head.join('')}\n${body.toString()}\n`;
    })
    .join('\n');

  it('renders to the bytes on file', () => {
    const file = new URL(`${format}.txt`, GOLDEN);
    if (process.env.WRITE_GOLDEN !== undefined) writeFileSync(file, written);
    expect(written).toBe(readFileSync(file, 'utf8'));
  });

  it('is JSON for any event, with headers that can be sent', () => {
    fc.assert(
      fc.property(fc.json(), fc.option(fc.dictionary(fc.string(), fc.jsonValue())), (data, metadata) => {
        const { headers, body } = render(format, {
          data,
          metadata: metadata === null ? null : JSON.stringify(metadata),
        });
        JSON.parse(body.toString());
        for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });
});

/** Texts that chat services would cut, read as markup, or refuse. */
const chatty = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 4_000, size: 'max' }),
  fc.constantFrom('', ' ', '<!channel>', '@everyone', '*b*', 'x'.repeat(30_000), '&'.repeat(5_000)),
);
const anyData = fc
  .oneof(
    fc.dictionary(chatty, fc.oneof(chatty, fc.jsonValue()), { maxKeys: 60, size: 'max' }),
    fc.array(chatty, { maxLength: 60 }),
    chatty,
    fc.jsonValue(),
  )
  .map((value) => JSON.stringify(value));
const parsed = <Body>(format: PayloadFormat, data: string) =>
  JSON.parse(render(format, { data }).body.toString()) as Body;

describe('messages for chat services', () => {
  it('are within the limits of Slack', () => {
    interface Message {
      text: string;
      blocks: { type: string; text?: { text: string }; elements?: { text: string }[] }[];
    }
    fc.assert(
      fc.property(anyData, (data) => {
        const { text, blocks } = parsed<Message>('slack', data);
        expect(text.length).toBeGreaterThan(0);
        const [header, section, context] = blocks;
        expect(header?.text?.text.length).toBeLessThanOrEqual(150);
        expect(section?.text?.text.length).toBeGreaterThan(0);
        expect(section?.text?.text.length).toBeLessThanOrEqual(3_000);
        expect(context?.elements?.[0]?.text.length).toBeLessThanOrEqual(2_000);
        expect(section?.text?.text).not.toMatch(/<[!@#]/);
      }),
    );
  });

  it('are within the limits of Discord, and call nobody', () => {
    interface Message {
      allowed_mentions: { parse: string[] };
      embeds: {
        title: string;
        description: string;
        fields: { name: string; value: string }[];
        footer: { text: string };
      }[];
    }
    fc.assert(
      fc.property(anyData, (data) => {
        const { embeds, allowed_mentions } = parsed<Message>('discord', data);
        expect(allowed_mentions.parse).toEqual([]);
        const [{ title, description, fields, footer } = embeds[0] as never] = embeds;
        expect(title.length).toBeLessThanOrEqual(256);
        expect(description.length).toBeLessThanOrEqual(4_096);
        expect(fields.length).toBeLessThanOrEqual(25);
        let together = title.length + description.length + footer.text.length;
        for (const { name, value } of fields) {
          expect(name.trim().length).toBeGreaterThan(0);
          expect(name.length).toBeLessThanOrEqual(256);
          expect(value.trim().length).toBeGreaterThan(0);
          expect(value.length).toBeLessThanOrEqual(1_024);
          together += name.length + value.length;
        }
        expect(together).toBeLessThanOrEqual(6_000);
      }),
    );
  });

  it.each([
    [25, 25, 'm24'],
    [26, 25, '…'],
  ])('say on Discord that there are more members than fields: %i', (count, fields, last) => {
    const members = Array.from({ length: count }, (_, i) => [`m${i}`, i]);
    const { embeds } = parsed<{ embeds: { fields: { name: string }[] }[] }>(
      'discord',
      JSON.stringify(Object.fromEntries(members)),
    );
    expect(embeds[0]?.fields).toHaveLength(fields);
    expect(embeds[0]?.fields.at(-1)).toMatchObject({ name: last });
  });

  it('are within the limits of Teams', () => {
    fc.assert(
      fc.property(anyData, (data) => {
        const { body } = render('teams', { data });
        expect(body.length).toBeLessThan(28_000);
        const { attachments } = JSON.parse(body.toString()) as {
          attachments: { content: { body: { facts?: { title: string; value: string }[] }[] } }[];
        };
        const facts = attachments[0]?.content.body[1]?.facts ?? [];
        expect(facts.length).toBeGreaterThan(0);
        for (const { value } of facts) expect(value).not.toBe('');
      }),
    );
  });

  it.each(['\\', '\u0001', '漢', '"', '<'])(
    'are within the limits of Teams when they are full of %j',
    (text) => {
      const members = Array.from({ length: 40 }, (_, i) => [`${i}${text.repeat(120)}`, text.repeat(400)]);
      const { body } = render('teams', { data: JSON.stringify(Object.fromEntries(members)) });
      expect(body.length).toBeLessThan(21_000);
      expect(body.toString()).toMatch(/"title":"…","value":"\d+ more"/);
    },
  );
});

describe('CloudEvents', () => {
  const anyMetadata = fc.option(
    fc.dictionary(
      fc.oneof(
        fc.stringMatching(/^[a-z0-9]{1,22}$/),
        fc.constantFrom('source', 'subject', 'id', 'dataschema'),
      ),
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.stringMatching(/^[a-z0-9:/?#[\]@%. -]{0,12}$/),
        fc.webUrl({ withQueryParameters: true, withFragments: true }),
        fc.boolean(),
        fc.integer(),
        fc.double(),
        fc.constant(null),
      ),
    ),
  );

  it.each(['cloudevents', 'cloudevents-binary'] as const)(
    'in the format %s are valid by the package cloudevents, with the attributes that they came with',
    (format) => {
      fc.assert(
        fc.property(fc.json(), anyMetadata, fc.stringMatching(/^[!-~]{1,40}$/), (data, metadata, id) => {
          const { headers, body } = render(format, {
            id,
            data,
            metadata: metadata === null ? null : JSON.stringify(metadata),
          });
          const event = HTTP.toEvent({
            headers: Object.fromEntries(
              Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
            ),
            body: body.toString(),
          }) as CloudEvent<unknown>;
          // The parser itself checks nothing.
          expect(event.validate()).toBe(true);
          expect(event.specversion).toBe('1.0');
          expect(event.type).toBe('order.created');
          if (format === 'cloudevents') expect(event.id).toBe(id);
        }),
      );
    },
  );

  it('keep source, subject and extensions, and have a source of ours where there is none', () => {
    const of = (metadata: string | null) =>
      JSON.parse(render('cloudevents', { metadata }).body.toString()) as Record<string, unknown>;
    expect(of('{"source":"/shop","subject":"o-1","ext1":true,"Bad":1,"nested":{}}')).toMatchObject({
      source: '/shop',
      subject: 'o-1',
      ext1: true,
    });
    expect(of(null)).toMatchObject({ source: 'urn:tidings:default', datacontenttype: 'application/json' });
    expect(Object.keys(of('{"Bad":1,"nested":{}}'))).not.toContain('Bad');
  });

  it('leave out what is not of its type, and what headers have no room for', () => {
    const metadata = JSON.stringify({
      ...{ source: 'not a URI', subject: 5, dataschema: '/relative', long: 'x'.repeat(9_000) },
      short: 'y',
    });
    const { headers } = render('cloudevents-binary', { metadata });
    expect(headers).toMatchObject({ 'ce-source': 'urn:tidings:default', 'ce-short': 'y' });
    expect(Object.keys(headers)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^ce-(subject|dataschema|long)$/)]),
    );
  });

  it('encode what headers cannot hold', () => {
    const { headers } = render('cloudevents-binary', { metadata: '{"subject":"Zoë \\"100%\\""}' });
    expect(headers).toMatchObject({
      'ce-subject': 'Zo%C3%AB%20%22100%25%22',
      'ce-id': 'evt_1',
      'ce-source': 'urn:tidings:default',
    });
  });
});
