-- What searches compare with, where it is not the text itself in ASCII's lower case: other scripts have capitals too.

alter table messages add column folded text;
alter table contacts add column name_folded text;
alter table contacts add column push_name_folded text;
