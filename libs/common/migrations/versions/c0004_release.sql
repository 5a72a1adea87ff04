GRANT SELECT ON infra.alembic_version TO {app};
