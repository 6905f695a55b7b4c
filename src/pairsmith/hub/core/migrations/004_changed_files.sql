-- What a commit changed is found without reading all that its line ever had.

CREATE INDEX files_by_birth ON files (line, born, path);
CREATE INDEX files_by_end ON files (line, died, path);
