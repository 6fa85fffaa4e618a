import { SupervisedProgram, type Program } from '#embedded';
import type { AppName } from './apps.js';
import type { ChildrenRecord } from './children-record.js';
import { terminal } from './terminal.js';

/** Those of one rank are stopped together. */
export type Rank = AppName | 'server';

/** Nobody is stopped before those who need it: what a dispatcher still reports must find its NATS. */
const STOP_ORDER: readonly Rank[] = ['dispatcher', 'subscriber', 'admin-api', 'server'];

/**
 * All processes that standalone runs. Each is started once, from then on kept
 * running, and stopped with the others.
 */
export class Crew {
  private readonly members: { name: string; rank: Rank; program: SupervisedProgram }[] = [];
  private ended = false;

  /**
   * @param record where the processes are noted for the next start
   * @param onChange told whenever a process serves that has a new id
   */
  constructor(
    private readonly record: ChildrenRecord,
    private readonly onChange: () => void,
  ) {}

  /** The ids of the processes that run, by name. */
  get pids(): Record<string, number> {
    return Object.fromEntries(
      this.members.flatMap(({ name, program }) => (program.pid === undefined ? [] : [[name, program.pid]])),
    );
  }

  /**
   * Starts a program and keeps it running.
   * @throws Unavailable when it does not come up; AbortError after stop
   */
  async add(name: string, rank: Rank, program: Program): Promise<void> {
    let announced = false;
    const supervised = new SupervisedProgram(program, {
      spawned: (pid) => this.record.note(name, pid, program.stopSignal),
      up: (pid) => {
        this.onChange();
        if (announced) terminal.done(program.title, `is up again (process ${pid})`);
        announced = true;
      },
      down: (reason, retryInMs) =>
        terminal.warn(program.title, `ended (${reason}); starting it again in ${retryInMs / 1000} s`),
    });
    this.members.push({ name, rank, program: supervised });
    if (this.ended) await supervised.stop();
    await supervised.start();
  }

  /** Stops everything, also what is just being started; nothing can be added any more. */
  async stop(): Promise<void> {
    this.ended = true;
    for (const rank of STOP_ORDER) {
      const members = this.members.filter((member) => member.rank === rank);
      await Promise.all(members.map(({ program }) => program.stop()));
    }
  }
}
