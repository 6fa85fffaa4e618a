const ROUNDS = 5;

/** Microseconds a call, the median of some rounds after one that warms up. */
export function microseconds(calls: number, call: () => unknown): number {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const begun = performance.now();
    for (let i = 0; i < calls; i++) call();
    if (round > 0) rounds.push(((performance.now() - begun) * 1_000) / calls);
  }
  return rounded(rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0);
}

/** Three digits that mean something. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
