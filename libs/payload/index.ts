export { renderStandard } from './standard.js';
