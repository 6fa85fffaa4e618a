/** Why a job fails that was well begun: a code, shown with the job. */
export class JobCannotGoOn extends Error {
  override readonly name = 'JobCannotGoOn';

  constructor(readonly code: 'webhook_gone' | 'webhook_disabled') {
    super(`The job cannot go on: ${code}.`);
  }
}
