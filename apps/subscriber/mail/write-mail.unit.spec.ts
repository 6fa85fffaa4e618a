import type { OperationalEvent } from '#domain';
import { detailOf } from './mail-notice.js';
import { writeMail, type MailNotice } from './write-mail.js';

const AT = new Date(Date.UTC(2026, 0, 31, 12));
const notice = (type: string, webhook_id: string, change: Partial<MailNotice> = {}): MailNotice => ({
  ...{ type: `tidings.${type}`, webhook_id, count: 1, first_at: AT, last_at: AT, detail: '' },
  ...change,
});
const ACME = { id: 'acme', name: 'Acme Ltd' };

describe('a mail', () => {
  it('says in its subject how many of each kind there are, and lists them', () => {
    const { subject, text } = writeMail(
      ACME,
      [
        notice('delivery.exhausted', 'wh_1', { count: 340, detail: 'order.paid, retries_exhausted' }),
        notice('delivery.exhausted', 'wh_2', { count: 2 }),
        notice('webhook.disabled', 'wh_1', { detail: 'failing' }),
      ],
      new Map([['wh_1', 'Orders']]),
    );
    expect(subject).toBe('[Tidings] Acme Ltd: 1 disabled, 342 failed deliveries');
    expect(text).toContain('- Orders (wh_1): 2026-01-31T12:00:00.000Z; failing');
    expect(text).toContain(
      '- Orders (wh_1): 340 times from 2026-01-31T12:00:00.000Z to 2026-01-31T12:00:00.000Z; last: order.paid, retries_exhausted',
    );
    expect(text.indexOf('Orders (wh_1): 340')).toBeLessThan(text.indexOf('wh_2: 2 times'));
  });

  it('is no longer for a thousand webhooks than for twenty, and says how many more there are', () => {
    const many = Array.from({ length: 1_000 }, (_, i) => notice('circuit.opened', `wh_${i}`));
    const { subject, text } = writeMail(ACME, many, new Map());
    expect(subject).toContain('1000 with an open circuit');
    expect(text).toContain('- and 980 more');
    expect(text.split('\n').length).toBeLessThan(40);
  });

  it('holds what names and reasons say as text of one line, whatever they hold', () => {
    const evil = 'x\r\nBcc: victim@example.com\r\n\r\n<script>alert("1")</script>\u202egnp.exe\u2028\0';
    const { subject, text, html } = writeMail(
      { id: 'acme', name: evil },
      [notice('webhook.disabled', 'wh_1', { detail: evil })],
      new Map([['wh_1', evil.repeat(20)]]),
    );
    expect(subject).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
    expect(text.split('\n').some((line) => line.startsWith('Bcc'))).toBe(false);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
    expect(html).not.toContain('<script');
    expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
  });

  it('shows no user, no password and no query of addresses, and no secrets', () => {
    const event = {
      ...{ id: 'evt_1', tenant: 'acme', timestamp: AT.toISOString(), type: 'tidings.delivery.exhausted' },
      data: {
        ...{ webhook_id: 'wh_1', delivery_id: 'dlv_1', event_id: 'evt_2', event_type: 'order.paid' },
        ...{
          attempt_count: 4,
          reason: 'retries_exhausted',
          status_code: null,
          exhausted_at: AT.toISOString(),
        },
        last_error: {
          kind: 'auth',
          message: 'https://bob:pw@example.com/t?token=abc says Bearer abcdefghijkl',
        },
      },
    } as OperationalEvent;
    expect(detailOf(event)).toBe(
      'order.paid, retries_exhausted, auth: https://example.com/t says Bearer ********',
    );
  });
});
