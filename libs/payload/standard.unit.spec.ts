import { renderStandard } from './standard.js';

describe('the format standard', () => {
  it('wraps the data without touching a byte of them', () => {
    const data = '{ "z":1.0, "1": 12345678901234567890, "ü":"\\u00fc" }';
    const body = renderStandard('order.created', '2026-11-22T10:00:00.000Z', Buffer.from(data)).toString();
    expect(body).toBe(`{"type":"order.created","timestamp":"2026-11-22T10:00:00.000Z","data":${data}}`);
    expect(Object.keys(JSON.parse(body) as object)).toEqual(['type', 'timestamp', 'data']);
  });
});
