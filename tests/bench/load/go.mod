module carillon.dev/load

go 1.25
