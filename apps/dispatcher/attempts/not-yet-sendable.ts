import type { RoutedWebhook } from '#domain';

/**
 * Why a webhook's requests cannot be made as it wants them, in a sentence for
 * the record; undefined when they can. Sent otherwise than agreed they would
 * be worse than not sent: its receiver could not read or would not trust them.
 */
export function notYetSendable({
  format,
  transform,
}: Pick<RoutedWebhook, 'format' | 'transform'>): string | undefined {
  if (format !== 'standard' && !hasStandardBody(format)) {
    const name = typeof format === 'string' ? `the format ${format}` : 'templates of a body or of headers';
    return `This version of Tidings cannot send ${name} yet, only standard.`;
  }
  if (transform !== null) return 'This version of Tidings cannot run transforms yet.';
  return undefined;
}

function hasStandardBody(format: RoutedWebhook['format']): boolean {
  return typeof format !== 'string' && format.body === null && Object.keys(format.headers).length === 0;
}
