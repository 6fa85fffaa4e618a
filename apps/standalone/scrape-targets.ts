import { rm } from 'node:fs/promises';
import { replaceFile } from '#embedded';

/**
 * Where the processes serve their metrics, as Prometheus reads files of targets (`file_sd_configs`). There while the
 * system runs; a process that is started again is found at the same place.
 */
export class ScrapeTargets {
  private readonly targets: { targets: string[]; labels: { process: string } }[] = [];

  constructor(private readonly path: string) {}

  add(name: string, host: string, port: number): void {
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    this.targets.push({ targets: [address], labels: { process: name } });
  }

  async write(): Promise<void> {
    await replaceFile(this.path, `${JSON.stringify(this.targets, undefined, 2)}\n`);
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }
}
