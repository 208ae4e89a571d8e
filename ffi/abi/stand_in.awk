# Makes a C source of xgpush.h that defines each of its functions, a variable for
# each enumeration and one for the constants. Compiled with debug information it
# shows everything that a program relies on which was compiled against the header;
# the library itself does not, for its types are described in Rust's terms.

/^#define XG_/ && NF > 2 && !/XG_VERSION/ { constants = constants "  abi_" $2 " = " $2 ",\n" }
/^typedef enum / { variables = variables "enum " $3 " abi_" $3 ";\n" }

/^ *\/\*/ { comment = 1 }
!comment && functions { sub(/\);$/, ") { __builtin_trap(); }") }
!comment { print }
/\*\/$/ { comment = 0 }
/^extern "C" \{/ { functions = 1 }

END { printf "%senum abi_constants {\n%s} abi_constants;\n", variables, constants }
