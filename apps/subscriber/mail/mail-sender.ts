import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  composeMail,
  dueMails,
  endMail,
  forgetMailsOfDeleted,
  postponeMail,
  tenantsWithNotices,
  withLock,
  type ComposedMail,
  type DataSource,
  type DueMail,
  type MailMaterial,
} from '#persistence';
import type { MailOutcome } from './mail-metrics.js';
import { mailDueAt, pauseAfterFailure, type MailPace } from './mail-plan.js';
import { MailNotSent, SmtpMailer, type SmtpSettings } from './smtp-mailer.js';
import { writeMail } from './write-mail.js';

export interface MailSettings extends SmtpSettings, MailPace {
  /** Between two rounds, milliseconds. */
  everyMs?: number | undefined;
}

export interface MailSenderOptions {
  database: DataSource;
  settings: MailSettings;
  count: (outcome: MailOutcome) => void;
  report: (problem: string, error: unknown) => void;
}

const EVERY_MS = 5_000;
const AT_ONCE = 20;
/** Rounds between two times that tenants that are gone are forgotten. */
const FORGET_EVERY = 700;

/**
 * Writes and sends the mails to tenants' contacts, one replica at a time. What is to be told lies in PostgreSQL
 * as notices, then as a mail, and goes when the server has taken it: a crash loses none, and one right after
 * sending has the same mail sent again under the same Message-ID.
 */
export class MailSender {
  private readonly stopping = new AbortController();
  private readonly mailer: SmtpMailer;
  private readonly domain: string;
  private running: Promise<void> = Promise.resolve();
  private rounds = 0;

  constructor(private readonly options: MailSenderOptions) {
    const { from } = options.settings;
    this.mailer = new SmtpMailer(options.settings);
    this.domain = from.slice(from.lastIndexOf('@') + 1).replace(/>$/, '');
  }

  start(): void {
    this.running = this.run();
  }

  /** Resolves after the mail that it is at. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    this.mailer.close();
  }

  /**
   * One round; nothing where another replica is at it.
   * @throws what the driver says
   */
  async round(): Promise<void> {
    const { database } = this.options;
    await withLock(database, 'mail', async () => {
      await this.write();
      await this.sendDue();
      if (this.rounds++ % FORGET_EVERY === 0) await forgetMailsOfDeleted(database);
    });
  }

  private async write(): Promise<void> {
    const { database, settings } = this.options;
    const { now, tenants } = await tenantsWithNotices(database);
    for (const known of tenants) {
      const dueAt = mailDueAt(known, settings);
      if (dueAt === null || dueAt > now || this.stopped) continue;
      await composeMail(database, known.tenant, (material) => this.compose(known.tenant, material));
    }
  }

  private compose(id: string, { name, notices, webhooks }: MailMaterial): ComposedMail {
    const message_id = `<${randomUUID()}@${this.domain}>`;
    return { message_id, ...writeMail({ id, name }, notices, webhooks) };
  }

  /** Where the server is away, one mail a round is enough to see that. */
  private async sendDue(): Promise<void> {
    for (const due of await dueMails(this.options.database, AT_ONCE)) {
      if (this.stopped || !(await this.send(due))) return;
    }
  }

  /** @returns whether the server was there */
  private async send({ tenant, contacts, mail, tries }: DueMail): Promise<boolean> {
    const { database, count, report } = this.options;
    if (contacts.length === 0) {
      await endMail(database, tenant);
      return true;
    }
    try {
      await this.mailer.send(mail, contacts);
    } catch (error) {
      const { refused, answered } =
        error instanceof MailNotSent ? error : { refused: false, answered: false };
      const pause = pauseAfterFailure(tries, refused);
      if (pause === null) await endMail(database, tenant);
      else await postponeMail(database, tenant, pause);
      count(pause === null ? 'given_up' : 'failed');
      report(`the mail to the contacts of ${tenant} was not sent (tried ${tries + 1} times)`, error);
      return answered;
    }
    await endMail(database, tenant);
    count('sent');
    return true;
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<void> {
    const { database, report, settings } = this.options;
    const { signal } = this.stopping;
    for (;;) {
      await sleep(settings.everyMs ?? EVERY_MS, undefined, { signal }).catch(() => undefined);
      if (this.stopped) return;
      if (!database.isInitialized) continue;
      try {
        await this.round();
      } catch (error) {
        report('mails could not be written now; it is tried again', error);
      }
    }
  }
}
