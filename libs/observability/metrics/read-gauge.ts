import { Gauge, type Registry } from 'prom-client';

/** A value with its labels. */
export type Sample = readonly [labels: Record<string, string>, value: number];

export interface ReadGauge {
  name: string;
  help: string;
  labelNames?: readonly string[];
}

/**
 * A gauge that is read whenever the metrics are: what is not known then is left out, rather than told as it was or as 0.
 * @param read gives a number, or a sample for each set of labels; undefined when it is not known
 */
export function readGauge(
  registry: Registry,
  { name, help, labelNames = [] }: ReadGauge,
  read: () => Read | Promise<Read>,
): void {
  new Gauge({
    ...{ name, help, labelNames },
    registers: [registry],
    async collect() {
      const found = await read();
      if (labelNames.length === 0) this.remove();
      else this.reset();
      if (found === undefined) return;
      if (typeof found === 'number') this.set(found);
      else for (const [labels, value] of found) this.set(labels, value);
    },
  });
}

type Read = number | readonly Sample[] | undefined;
