/**
 * The body of the format `standard`: `{"type","timestamp","data"}`. The data
 * go in as the bytes they came in, so that key order and numbers survive.
 */
export function renderStandard(type: string, timestamp: string, data: Uint8Array): Buffer {
  const head = Buffer.from(`{"type":${JSON.stringify(type)},"timestamp":"${timestamp}","data":`);
  return Buffer.concat([head, data, CLOSE], head.length + data.length + 1);
}

const CLOSE = Buffer.from('}');
