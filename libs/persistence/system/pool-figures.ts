import type { DataSource } from 'typeorm';

export interface PoolFigures {
  busy: number;
  idle: number;
  /** Queries that wait for a connection. */
  waiting: number;
  /** Connections at most. */
  most: number;
}

/** How the connections are used now; undefined while there is no pool, for the database was never reached. */
export function poolFigures({ driver }: DataSource): PoolFigures | undefined {
  const { master } = driver as {
    master?: {
      totalCount: number;
      idleCount: number;
      waitingCount: number;
      options?: { max?: number };
    };
  };
  if (master?.totalCount === undefined) return undefined;
  const { totalCount, idleCount, waitingCount, options } = master;
  return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount, most: options?.max ?? 0 };
}
