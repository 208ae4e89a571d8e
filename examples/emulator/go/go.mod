module example/emulator

go 1.21
