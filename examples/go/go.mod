module xgpush-example

go 1.19
