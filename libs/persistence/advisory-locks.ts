/** PostgreSQL's advisory locks are numbers for the whole database; these are ours. */
export const LOCKS = {
  migrations: 7_401_001,
  partitions: 7_401_002,
  relay: 7_401_003,
  auto_disable: 7_401_006,
  reconciler: 7_401_009,
  statistics: 7_401_010,
  rebuild: 7_401_011,
  retention: 7_401_012,
  operational_events: 7_401_013,
  mail: 7_401_014,
  /** Projections share it; whoever holds it alone knows that none writes. */
  projection: 7_401_015,
} as const;
