import { rm } from 'node:fs/promises';
import { replaceFile } from '#embedded';

/** What clients on this machine read; api.md of the documentation promises its keys. */
export interface StandaloneJson {
  readonly api_url: string;
  readonly operator_key: string;
  readonly nats_url: string;
  readonly database_url: string;
  readonly processes: Readonly<Record<string, number>>;
}

/** Keeps the file in step with the processes, one writing after another. */
export class StandaloneFile {
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly path: string,
    private readonly content: () => StandaloneJson,
  ) {}

  /** Writes the file as things are now; only the owner may read it. */
  async update(): Promise<void> {
    const written = this.writing.then(() =>
      replaceFile(this.path, `${JSON.stringify(this.content(), undefined, 2)}\n`),
    );
    this.writing = written.catch(() => undefined);
    await written;
  }

  async remove(): Promise<void> {
    await this.writing;
    await rm(this.path, { force: true });
  }
}
