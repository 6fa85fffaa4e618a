import { Injectable } from '@nestjs/common';
import {
  beginRequest,
  DataSource,
  holdOn,
  keepAnswer,
  letGo,
  placeOfAnswer,
  type IdempotentRequest,
} from '#persistence';
import { Keyring, KeyringError } from '#signing';
import { Problem } from '../problems/problem.js';

/** An answer, as it is given again. */
export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A request of a process that died may be sent again after this. */
const LEASE_MS = 15_000;

/** A request that is ours to run. Ends with one of the two. */
export interface RunningRequest {
  /** Keeps the answer, for whoever asks again. */
  keep: (answer: KeptAnswer) => Promise<void>;
  /** Forgets the request, so that it may be tried again. */
  forget: () => Promise<void>;
}

/** Answers under their Idempotency-Key: sealed, for an answer may hold a secret that is shown once. */
@Injectable()
export class KeptAnswers {
  constructor(
    private readonly database: DataSource,
    private readonly keyring: Keyring,
  ) {}

  /**
   * Begins a request, or gives the answer that it had.
   * @throws Problem 409 while it is in flight or when its answer cannot be opened, 422 when the key was used for another request
   */
  async begin(request: IdempotentRequest): Promise<RunningRequest | KeptAnswer> {
    const begun = await beginRequest(this.database, request, LEASE_MS);
    switch (begun.kind) {
      case 'held':
        return this.running(request, begun.holder);
      case 'answered':
        return JSON.parse(this.open(begun.answer, request)) as KeptAnswer;
      case 'in_flight':
        throw new Problem('idempotency_in_flight', {
          detail: 'The first request with this Idempotency-Key has not been answered yet.',
          retryAfterSeconds: 1,
        });
      case 'other_request':
        throw new Problem('idempotency_key_reused', {
          detail: 'This Idempotency-Key came with another request before, or from another caller.',
        });
    }
  }

  private open(sealed: string, request: IdempotentRequest): string {
    try {
      return this.keyring.open(sealed, placeOfAnswer(request));
    } catch (error) {
      if (!(error instanceof KeyringError)) throw error;
      throw new Problem('idempotency_answer_unreadable', {
        detail:
          'A request with this Idempotency-Key was answered before; its answer cannot be opened with the encryption keys that are set. It was not done again.',
      });
    }
  }

  private running(request: IdempotentRequest, holder: string): RunningRequest {
    // Some requests take minutes; as long as this process lives, nobody takes them over.
    const beat = setInterval(() => {
      holdOn(this.database, request, holder, LEASE_MS).catch(() => undefined);
    }, LEASE_MS / 3);
    beat.unref();
    return {
      keep: async (answer) => {
        clearInterval(beat);
        const sealed = this.keyring.seal(JSON.stringify(answer), placeOfAnswer(request));
        await keepAnswer(this.database, request, holder, sealed);
      },
      forget: async () => {
        clearInterval(beat);
        await letGo(this.database, request, holder);
      },
    };
  }
}
