-- Whose a credential is, where a person acts by it and not the organization, and what it is for.
ALTER TABLE credential ADD COLUMN person BLOB;
ALTER TABLE credential ADD COLUMN description TEXT;
