#!/bin/sh
# At the first start of an empty database: the two logins of the roles, which own nothing (docs/ARCHITECTURE.md, "Two
# walls"). Their passwords come from the environment of the service and are nowhere else.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set api="$SY_API_PASSWORD" --set platform="$SY_PLATFORM_PASSWORD" <<'SQL'
create role sy_api login noinherit password :'api';
create role sy_platform login password :'platform';
grant sy_platform to sy_api;
SQL
