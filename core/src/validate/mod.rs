//! One table of bounds and formats that the command line, the run file, the API and the database follow.
