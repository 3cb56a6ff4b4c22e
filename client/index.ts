export {
  type ClientOptions,
  createClient,
  type FacetsAnswer,
  type FacetsQuestion,
  type GraphqlAnswer,
  type NodesPage,
  type NodesQuestion,
  type Question,
  type ServiceClient,
} from './client.ts';
export { ClientError } from './client-error.ts';
