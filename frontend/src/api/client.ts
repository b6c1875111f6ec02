// The typed API client, generated from the OpenAPI file, and its hooks.
import createClient from "openapi-fetch";
import createHooks from "openapi-react-query";
import type { paths } from "./schema";
import { send } from "./send";

export const client = createClient<paths>({ baseUrl: location.origin, fetch: send });
export const api = createHooks(client);
