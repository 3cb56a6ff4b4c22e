export { LOOPBACK_CALLER, requireRole } from './callers.ts';
export { errorBody, shownError } from './error-answers.ts';
export { GRAPHQL_SCHEMA } from './graphql/schema.ts';
export type { ReadinessCheck } from './health.ts';
export { buildService, listenService, type ServiceParts } from './service.ts';
export { type ServiceConfig, ServiceError } from './service-error.ts';
export { graphqlLimits, serviceLimits } from './service-limits.ts';
