import { BUILT_IN_FORMATS, builtInFormat } from '#domain';
import { compileFormat, type PayloadEvent } from '#payload';

const SAMPLE: PayloadEvent = {
  id: 'evt_01kfw3v2m0w5tq8h3d6n9r4c7e',
  type: 'order.paid',
  timestamp: '2026-01-15T10:30:00.000Z',
  data: Buffer.from('{"id":"o-1","total":120.50,"customer":{"name":"Zoë"}}'),
  metadata: '{"region":"eu"}',
  tenant: 'default',
  webhook_id: 'wh_01kfw3v2m0w5tq8h3d6n9r4c7e',
  delivery_id: 'dlv_01kfw3v2m0w5tq8h3d6n9r4c7e',
  attempt: 1,
};

/** The built-in formats as people choose from them. */
export function formatsOnOffer() {
  return BUILT_IN_FORMATS.map((name) => {
    const { description, signature } = builtInFormat(name);
    const { headers, body } = compileFormat(name).render(SAMPLE);
    return { name, description, headers, signature, body: body.toString() };
  });
}
