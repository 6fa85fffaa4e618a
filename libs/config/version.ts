/** The version in package.json (version.unit.spec.ts holds it), known without reading a file at run time. */
export const VERSION = '0.1.0';
