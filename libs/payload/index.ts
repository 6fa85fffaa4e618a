export { compileFormat, type PayloadRenderer, type RenderedPayload } from './compile-format.js';
export { formatTemplateFaults } from './format-template-faults.js';
export { RenderError } from './template/render-error.js';
export type { PayloadEvent } from './payload-event.js';
export type * from './transforms/transform.js';
export {
  SandboxPool,
  SandboxUnavailable,
  type SandboxSettings,
  type TransformEnd,
} from './transforms/sandbox-pool.js';
export type { FilterSubject } from './filter/event-path.js';
export {
  compileFilter,
  FILTER_LIMITS,
  type CompiledFilter,
  type FilterFault,
} from './filter/compile-filter.js';
export { firstFailure, passes, type Condition } from './filter/filter.js';
export { CatalogueError, type Catalogue, type CatalogueEntry } from './catalogues/catalogue.js';
export { readCatalogue } from './catalogues/read-catalogue.js';
