/** What was looked for. @throws the error that says it is not there */
export function found<Row>(row: Row | null | undefined, absent: () => Error): Row {
  if (row === null || row === undefined) throw absent();
  return row;
}
