// The objects of the API by their own names, taken from the routes that answer them.
import type { paths } from "./schema";

type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : never;

export type Me = Json<paths["/v1/me"]["get"]["responses"][200]>;
export type Permission = Me["permissions"][number];
export type Role = NonNullable<Me["role"]>;
export type Membership = Me["businesses"][number];
export type Member = Json<paths["/v1/members"]["get"]["responses"][200]>["data"][number];
export type OwnBusiness = Json<paths["/v1/business"]["get"]["responses"][200]>;
export type ApiKey = Json<paths["/v1/api-keys"]["get"]["responses"][200]>["data"][number];
export type NewApiKey = Json<paths["/v1/api-keys"]["post"]["responses"][201]>;
export type Scope = ApiKey["scopes"][number];
export type AuditEntry = Json<paths["/v1/audit"]["get"]["responses"][200]>["data"][number];
export type Invitation = Json<paths["/v1/auth/invitation/show"]["post"]["responses"][200]>;
export type Contact = Json<paths["/v1/contacts/{id}"]["get"]["responses"][200]>;
export type Session = Json<paths["/v1/sessions/{id}"]["get"]["responses"][200]>;
export type SessionPage = Json<paths["/v1/sessions"]["get"]["responses"][200]>;
export type SessionState = Session["state"];
export type LinkCode = Json<paths["/v1/sessions/{id}/qr"]["get"]["responses"][200]>;
export type ChatPage = Json<paths["/v1/chats"]["get"]["responses"][200]>;
export type Chat = ChatPage["data"][number];
export type MessagePage = Json<paths["/v1/chats/{id}/messages"]["get"]["responses"][200]>;
export type Message = MessagePage["data"][number];
export type MessageStatus = Message["status"];
export type Event = Json<paths["/v1/events"]["get"]["responses"][200]>["data"][number];
export type Reason = Json<paths["/v1/reasons"]["get"]["responses"][200]>["data"][number];
export type Queue = Json<paths["/v1/admin/queues"]["get"]["responses"][200]>["data"][number];
export type QueueMinute = Json<paths["/v1/admin/queues/{queue}/minutes"]["get"]["responses"][200]>["data"][number];
export type DeadLetter = Json<paths["/v1/admin/dead-letters"]["get"]["responses"][200]>["data"][number];
export type Shard = Json<paths["/v1/admin/shards"]["get"]["responses"][200]>["data"][number];
export type Tenant = Json<paths["/v1/admin/businesses/{id}"]["get"]["responses"][200]>;
