import { createTransport, type Transporter } from 'nodemailer';
import type { ComposedMail } from '#persistence';

export interface SmtpSettings {
  /** smtp(s)://[user:password@]host[:port] */
  url: string;
  /** The sender. */
  from: string;
}

/** The server did not take a mail. */
export class MailNotSent extends Error {
  override readonly name = 'MailNotSent';

  /** @param refused the server said so (5xx), and will most likely say so again */
  constructor(
    message: string,
    readonly refused: boolean,
    /** Whether it was there to say anything. */
    readonly answered: boolean,
  ) {
    super(message);
  }
}

const TIMEOUT_MS = 10_000;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Sends mails by the operator's SMTP server, one connection for each. */
export class SmtpMailer {
  private readonly transport: Transporter;

  constructor(private readonly settings: SmtpSettings) {
    const url = new URL(settings.url);
    const secure = url.protocol === 'smtps:';
    const user = decodeURIComponent(url.username);
    this.transport = createTransport({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
      secure,
      // A password goes over no line in the clear, save on this machine.
      requireTLS: !secure && user !== '' && !LOOPBACK.test(url.hostname),
      ...(user === '' ? {} : { auth: { user, pass: decodeURIComponent(url.password) } }),
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      dnsTimeout: TIMEOUT_MS,
      socketTimeout: 2 * TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  /** @throws MailNotSent when the server took it for none of the addresses */
  async send({ message_id, subject, text, html }: ComposedMail, to: readonly string[]): Promise<void> {
    try {
      await this.transport.sendMail({
        ...{ from: this.settings.from, to: [...to], subject, text, html, messageId: message_id },
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      });
    } catch (error) {
      const { responseCode } = error as { responseCode?: number };
      throw new MailNotSent(
        error instanceof Error ? error.message : String(error),
        responseCode !== undefined && responseCode >= 500,
        responseCode !== undefined,
      );
    }
  }

  close(): void {
    this.transport.close();
  }
}
