import { circumstances, keep } from '../processes/report.js';
import { EVENTS } from './events.js';
import { filterFigures } from './filters.js';
import { templateFigures } from './templates.js';
import { transformFigures } from './transforms.js';

/** What filters, formats and transforms cost each event, by themselves. */
const around = circumstances();
keep('payload', {
  ...around,
  event_bytes: { small: EVENTS.small.data.length, large: EVENTS.large.data.length },
  filters: filterFigures(),
  us_per_rendering: templateFigures(),
  transforms: await transformFigures(),
});
