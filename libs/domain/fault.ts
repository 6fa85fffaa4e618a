/** One thing wrong with a field; the path's segments are joined by dots. */
export interface Fault {
  path: string;
  message: string;
}
