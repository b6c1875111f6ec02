-- Ways to the API keys and invitations that ended long ago and are removed.

create index api_keys_expiry on api_keys (expires_at) where expires_at is not null;
create index api_keys_revoked on api_keys (revoked_at) where revoked_at is not null;
create index invitations_expiry on invitations (expires_at);
