-- SQLite has no roles and no row-level security: here the statements alone, each of which names its business, are the
-- wall.

create index audit_actor on audit (business_id, actor_id);
