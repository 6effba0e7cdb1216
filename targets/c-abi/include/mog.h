/* Mog for C and C++: runs programs that somebody else wrote, in memory of yours, for as many steps as you allow, with
 * the functions that you grant.
 *
 *   mog_load    verifies a module where its bytes lie; mog_load_signed, only if a key that you trust signed it
 *   mog_new     makes an instance of it in an arena, and links what you grant
 *   mog_start   runs its top-level statements
 *   mog_call    calls a function; mog_result has its result
 *   mog_resume  goes on after a pause
 *
 * Nothing is allocated, nothing is global, nothing has to be freed. Every function answers a status; no argument but a
 * pointer to memory that is not there can make one crash.
 *
 * Made from targets/c-abi by its test. Do not edit. */


#ifndef MOG_H
#define MOG_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>


// Words of a `mog_module`.
#define MOG_MODULE_WORDS 32

// Bytes of a public key.
#define MOG_KEY_BYTES 32

// Most arguments of a host function; `args` always has so many elements, `MOG_NONE` behind those that were passed.
#define MOG_MAX_ARGS 16

// How deep values of the host's can nest. Each level takes native stack, on 64-bit machines two to three kilobytes.
#define MOG_MAX_DEPTH 16

// Words of a `mog_instance`.
#define MOG_INSTANCE_WORDS 64

// What a function answers; also what a host function answers to the machine.
typedef int32_t mog_status;

// A module that `mog_load` verified: views into its bytes. Any number of instances can share it, in any number of
// threads. It must stay where it is, and its bytes too, as long as there are instances of it.
typedef struct mog_module {
  // Not for use.
  uint64_t opaque[MOG_MODULE_WORDS];
} mog_module;

// Text in UTF-8. Not closed by a zero: print it by `"%.*s", (int)text.size, text.data`.
typedef struct mog_text {
  // Its first byte.
  const char *data;
  // How many bytes.
  size_t size;
} mog_text;

// A function of its host's that a program calls.
typedef struct mog_import {
  // The capability, such as `log`.
  struct mog_text capability;
  // The function, such as `write`.
  struct mog_text function;
} mog_import;

// Whom a host trusts, and with what.
typedef struct mog_trust {
  // The public key, `MOG_KEY_BYTES` long: as `mog keygen` writes it, in hex.
  const uint8_t *key;
  // The name that the program must have; null for any.
  const char *name;
  // The oldest version that is accepted: at least that of what ran here before, or an old program that was rightly
  // signed could take its place.
  uint32_t minimum_version;
  // The most memory that the manifest may ask for, in bytes: the size of the arena; 0 for any.
  uint64_t max_memory;
  // The most steps, alike.
  uint64_t max_steps;
  // The most calls of host functions, alike.
  uint64_t max_host_calls;
} mog_trust;

// What a signed module says about itself. Keeping to its limits is up to you: give `mog_new` so much of the arena, and
// `mog_call` so many steps. 0 where nothing is said.
typedef struct mog_manifest {
  // Which program it is. It lies in the module's bytes.
  struct mog_text name;
  // Which version of it.
  uint32_t version;
  // The most memory, in bytes.
  uint64_t memory;
  // The most steps of one run.
  uint64_t steps;
  // The most calls of host functions of one run.
  uint64_t host_calls;
} mog_manifest;

// A program in its arena: a module, what it was granted, and where it stands. It lives where the caller puts it, in storage
// that was zero before `mog_new`, and stays there; nothing has to be freed. One thread at a time may use it.
typedef struct mog_instance {
  // Not for use.
  uint64_t opaque[MOG_INSTANCE_WORDS];
} mog_instance;

// What a value is.
typedef uint32_t mog_type;

// Numbers, one behind the other.
typedef struct mog_bytes {
  // The first.
  const void *data;
  // How many bytes; not how many numbers.
  size_t size;
} mog_bytes;

// A value in the program's memory. It can be used until the host function returns or moves it (see `mog_reserve`); that of
// `mog_result`, until the instance is used again to run. After that it is stale, and every function says so.
typedef struct mog_handle {
  // Not for use.
  uint32_t opaque[4];
} mog_handle;

// Values of the host's that make one of the program's. They have to be there, and stay as they are, until the function
// returns that they are handed to.
typedef struct mog_parts {
  // The first.
  const struct mog_value *data;
  // How many.
  uint32_t count;
  // The number of the variant, for an enum; otherwise 0.
  uint32_t variant;
} mog_parts;

// What a value holds.
typedef union mog_data {
  // Of `MOG_BOOL` and `MOG_INT`.
  int64_t integer;
  // Of `MOG_FLOAT`.
  double number;
  // Of `MOG_STRING`.
  struct mog_text text;
  // Of `MOG_ARRAY`.
  struct mog_bytes bytes;
  // Of `MOG_STRUCT`, `MOG_LIST`, `MOG_MAP` and `MOG_ENUM`.
  struct mog_handle handle;
  // Of `MOG_ITEMS` and `MOG_ENTRIES`.
  struct mog_parts items;
} mog_data;

// A value. `mog_int` and its siblings make one.
typedef struct mog_value {
  // Which member of `as` it is.
  mog_type type;
  // The value itself.
  union mog_data as;
} mog_value;

// A host function. Its arguments have the types of its signature; their texts and numbers lie in the program's memory,
// and can be read until a value is returned by `mog_return`.
//
// It answers what `mog_return`, `mog_fail`, `mog_deny`, `mog_pending` or `mog_call_back` gave, `MOG_OK` alone if its
// signature has no result, or `MOG_PAUSED` to end the run; the next one then makes the call again. It must not leave by
// `longjmp` or a C++ exception. Of its own instance it can call those, `mog_resumed`, `mog_answer`, `mog_reserve`, and what
// reads values; other functions answer `MOG_BUSY`.
typedef mog_status (*mog_function)(struct mog_instance *vm, const struct mog_value *args, void *user);

// A function that the host grants.
typedef struct mog_capability {
  // Capability and function, such as `log.write`.
  const char *name;
  // Types as the language writes them, such as `(pin: int, on: bool) -> ?string`: `int` and the sized integers,
  // `float`, `f32`, `bool`, `string`, `any`, the structs and enums that `types` of the configuration declares, arrays
  // `[T]`, maps `{K: V}`, functions `fn(T) -> T` among the parameters, and each of these as `?T`. A program
  // that was compiled for other types is refused; one that was compiled without a declaration has its arguments
  // looked at in each call.
  const char *signature;
  // The function.
  mog_function function;
  // Handed to it. If null, the `user` of the configuration is.
  void *user;
} mog_capability;

// What an instance is given. All zero grants nothing and is a good default.
typedef struct mog_config {
  // The granted functions. The table and its texts must stay as long as the instance is used.
  const struct mog_capability *capabilities;
  // How many there are.
  size_t capability_count;
  // Handed to functions that have no `user` of their own, and to those below.
  void *user;
  // If not null, told that nobody waits any more for a pending call.
  void (*cancelled)(void *user, uint32_t token);
  // If not null, told of a task that failed (`MOG_FAILED`, `MOG_DENIED`) while nobody waited for it.
  void (*task_failed)(void *user, mog_status status, struct mog_text message);
  // Mixed into the hashes of map keys; the same seed gives the same steps.
  uint64_t seed;
  // The most bytes of its arena that nested calls may take; 0 for no limit of their own.
  size_t max_stack;
  // If not null, declarations of the structs and enums that signatures name, as in
  // `struct Point { x: int, y: int } enum Shape { Dot, Circle(Point, float) }`: in a program, they are the same. It is
  // closed by a zero, and must stay as long as the instance is used.
  const char *types;
} mog_config;

// What an instance has done so far.
typedef struct mog_counts {
  // Steps of the program; the same on every machine.
  uint64_t steps;
  // Steps of the collector, which count against the same budget.
  uint64_t collector_steps;
  // Collections.
  uint64_t collections;
  // Calls of host functions, denied ones included.
  uint64_t host_calls;
  // The most bytes of stack and heap that were in use at once.
  size_t peak_memory;
} mog_counts;

// How a program faulted; one of the numbers that begin with `MOG_TRAP_`.
typedef uint32_t mog_trap_code;

// A place in a program. Of a module that was stripped the texts are empty and the numbers 0.
typedef struct mog_place {
  // The function's name.
  struct mog_text function;
  // The source file.
  struct mog_text file;
  // The line, from 1.
  uint32_t line;
  // The column, from 1.
  uint32_t column;
} mog_place;

// It worked. Of a run: it returned.
#define MOG_OK 0

// Its steps are used up, or a host function asked for a pause; `mog_resume` goes on.
#define MOG_PAUSED 1

// All that it could do waits for `mog_complete`.
#define MOG_WAITING 2

// The program faulted; see `mog_trap`, `mog_message` and `mog_place_at`.
#define MOG_TRAP 3

// A failure that the program did not catch.
#define MOG_FAILED 4

// A call that was not granted, which the program did not catch.
#define MOG_DENIED 5

// What the program can reach does not fit its arena.
#define MOG_OUT_OF_MEMORY 6

// Its calls nest deeper than `max_stack` allows.
#define MOG_OUT_OF_STACK 7

// In a host function: the program calls its function first; see `mog_call_back`.
#define MOG_CALLING 8

// The bytes are no Mog module.
#define MOG_NOT_A_MODULE 16

// The module is of a version of the format that this library does not read.
#define MOG_WRONG_VERSION 17

// The module is shorter or longer than it says itself.
#define MOG_WRONG_SIZE 18

// The module breaks a rule of the verifier's.
#define MOG_INVALID_MODULE 19

// The module needs a part that this build of the library leaves out, or the value does: `parts`, or maps.
#define MOG_MISSING_FEATURE 20

// The module needs a larger register window; compile it with `mog build --window`.
#define MOG_FRAME_TOO_LARGE 21

// The bytes are no signed module, perhaps an unsigned one.
#define MOG_UNSIGNED 22

// The signature is not that of the trusted key over these bytes.
#define MOG_FORGED 23

// The key is none that signatures can be verified with.
#define MOG_BAD_KEY 24

// The signature is good, but for a program of another name.
#define MOG_OTHER_PROGRAM 25

// The signature is good, but the version is older than the oldest that is accepted.
#define MOG_TOO_OLD 26

// The manifest asks for more than is allowed.
#define MOG_OVER_LIMIT 27

// The module calls other host functions than its manifest names.
#define MOG_OTHER_CAPABILITIES 28

// An entry of the host's table has no name of the form `a.b`, no function, or a signature that cannot be read.
#define MOG_BAD_CAPABILITY 32

// A granted function has other types than the program was compiled for.
#define MOG_SIGNATURE_MISMATCH 33

// The program requires a capability of which nothing is granted.
#define MOG_MISSING_CAPABILITY 34

// A pointer is null.
#define MOG_NULL 48

// A pointer is not aligned as it has to be: modules to 4 bytes, everything else to 8, or as its C type.
#define MOG_MISALIGNED 49

// The arena or the buffer is too small.
#define MOG_TOO_SMALL 50

// Two pieces of memory overlap that must not; a value from the program's memory has to be copied first.
#define MOG_OVERLAP 51

// The storage was not prepared by `mog_load`, `mog_new` or `mog_restore`, or those failed, or it was moved.
#define MOG_NOT_PREPARED 52

// The instance is running: a host function of its own asks.
#define MOG_BUSY 53

// The program's top-level statements have not run; see `mog_start`.
#define MOG_NOT_STARTED 54

// There is nothing to go on with, or no result or trap to ask for.
#define MOG_IDLE 55

// The program has no such function for the host to call.
#define MOG_NO_FUNCTION 56

// The arguments do not fit the function.
#define MOG_WRONG_ARGUMENTS 57

// The value does not fit the type that it is for.
#define MOG_WRONG_TYPE 58

// A text is not UTF-8.
#define MOG_NOT_UTF8 59

// No call is pending under this token.
#define MOG_NO_TOKEN 60

// No host function of the instance is running.
#define MOG_NOT_IN_CALL 61

// There is nothing of this number.
#define MOG_END 62

// The bytes are no snapshot of this module, or not all of one.
#define MOG_BAD_SNAPSHOT 63

// The value lay in the program's memory, and is not there any more.
#define MOG_STALE 64

// Values of the program's are to be part of a new one, for which `mog_reserve` made no room, or not enough.
#define MOG_NO_ROOM 65

// The values nest deeper than `MOG_MAX_DEPTH`.
#define MOG_TOO_DEEP 66

// Nothing: `()`, or `none` of a `?T` or of `any`.
#define MOG_NONE 0

// A boolean; `as.integer` is 0 or 1.
#define MOG_BOOL 1

// An integer of any width, in `as.integer`; of a `u64`, the same 64 bits.
#define MOG_INT 2

// A float, in `as.number`.
#define MOG_FLOAT 3

// A string, in `as.text`.
#define MOG_STRING 4

// An array of numbers or booleans, in `as.bytes`, as C lays it out: a `[f32]` is a `float[]`, a `[bool]` a `uint8_t[]`.
#define MOG_ARRAY 5

// A value that C does not see into: a tensor, a future, a `Result` inside of another value.
#define MOG_OTHER 6

// A struct of the program's, in `as.handle`: `mog_field` and `mog_item` have its fields.
#define MOG_STRUCT 7

// An array of anything but numbers or booleans, in `as.handle`: `mog_item` has its elements.
#define MOG_LIST 8

// A map, in `as.handle`: `mog_entry` has its entries.
#define MOG_MAP 9

// An enum's value, in `as.handle`: `mog_variant` says which, `mog_item` has its payload.
#define MOG_ENUM 10

// A function. If it is an argument, `mog_call_back` has the program call it.
#define MOG_FUNCTION 11

// For the program, in `as.items`: the fields of a struct in their order, the elements of an array, or an enum's variant with
// its payload. Which of them, says the type that is due; for `any` it is an array.
#define MOG_ITEMS 12

// For the program, in `as.items`: the entries of a map, keys and values in turn.
#define MOG_ENTRIES 13

// Division or remainder by zero.
#define MOG_TRAP_DIVISION_BY_ZERO 0

// An array index out of range.
#define MOG_TRAP_INDEX_OUT_OF_RANGE 1

// A slice out of range or through a character.
#define MOG_TRAP_SLICE_OUT_OF_RANGE 2

// A map has no such key.
#define MOG_TRAP_MISSING_KEY 3

// A shift by a negative number, or by the type's width or more.
#define MOG_TRAP_SHIFT_OUT_OF_RANGE 4

// The first, last, least or greatest element of an empty array.
#define MOG_TRAP_EMPTY_ARRAY 5

// A collection changed inside its own loop or callback.
#define MOG_TRAP_CHANGED_DURING_ITERATION 6

// `panic`, or an `assert` that failed.
#define MOG_TRAP_PANIC 7

// A negative count or exponent.
#define MOG_TRAP_NEGATIVE_COUNT 8

// A value that contains itself cannot be copied.
#define MOG_TRAP_CYCLIC_VALUE 9

// A text or an array would be larger than any arena.
#define MOG_TRAP_TOO_LARGE 10

// An operation that the value's type does not have.
#define MOG_TRAP_UNSUPPORTED 11

// Nesting deeper than the machine follows.
#define MOG_TRAP_TOO_DEEP 12

// A match without a matching arm.
#define MOG_TRAP_NO_MATCH 13

// What only code that the compiler did not make can attempt.
#define MOG_TRAP_CORRUPT 14

// Every task waits for another one.
#define MOG_TRAP_DEADLOCK 15

// More or fewer indices than a tensor has dimensions.
#define MOG_TRAP_WRONG_INDEX_COUNT 16

// A tensor's shape has more or fewer elements than there are.
#define MOG_TRAP_SHAPE_MISMATCH 17

// A shape with a size below 0.
#define MOG_TRAP_NEGATIVE_DIMENSION 18

// A shape with more dimensions than a tensor can have.
#define MOG_TRAP_TOO_MANY_DIMENSIONS 19

// Nothing.
static inline mog_value mog_none(void) {
  mog_value value;
  value.type = MOG_NONE;
  value.as.integer = 0;
  return value;
}

// A boolean: anything but 0 is true.
static inline mog_value mog_bool(int boolean) {
  mog_value value;
  value.type = MOG_BOOL;
  value.as.integer = boolean != 0;
  return value;
}

// An integer.
static inline mog_value mog_int(int64_t integer) {
  mog_value value;
  value.type = MOG_INT;
  value.as.integer = integer;
  return value;
}

// A float.
static inline mog_value mog_float(double number) {
  mog_value value;
  value.type = MOG_FLOAT;
  value.as.number = number;
  return value;
}

// A text of so many bytes of UTF-8.
static inline mog_value mog_string_of(const char *data, size_t size) {
  mog_value value;
  value.type = MOG_STRING;
  value.as.text.data = data;
  value.as.text.size = size;
  return value;
}

// A text that a zero closes.
static inline mog_value mog_string(const char *text) {
  return mog_string_of(text, text ? strlen(text) : 1);
}

// Numbers: their array, and its size in bytes.
static inline mog_value mog_array(const void *data, size_t size) {
  mog_value value;
  value.type = MOG_ARRAY;
  value.as.bytes.data = data;
  value.as.bytes.size = size;
  return value;
}

// Values of yours that make a struct, in the order of its fields, or an array.
static inline mog_value mog_items(const mog_value *items, size_t count) {
  mog_value value;
  value.type = MOG_ITEMS;
  value.as.items.data = items;
  value.as.items.count = (uint32_t)count == count ? (uint32_t)count : UINT32_MAX;
  value.as.items.variant = 0;
  return value;
}

// The variant of an enum of this number, which count from 0, with its payload.
static inline mog_value mog_case(uint32_t variant, const mog_value *payload, size_t count) {
  mog_value value = mog_items(payload, count);
  value.as.items.variant = variant;
  return value;
}

// Values of yours that make a map: so many entries, of each its key and its value.
static inline mog_value mog_entries(const mog_value *entries, size_t count) {
  mog_value value = mog_items(entries, count > UINT32_MAX / 2 ? UINT32_MAX : count * 2);
  value.type = MOG_ENTRIES;
  return value;
}

// A configuration that grants a table of functions, and nothing else.
static inline mog_config mog_grant(const mog_capability *capabilities, size_t count, void *user) {
  mog_config config;
  memset(&config, 0, sizeof config);
  config.capabilities = capabilities;
  config.capability_count = count;
  config.user = user;
  return config;
}

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The compiled core library asks for a way to unwind, unless the optimiser sees that nobody needs one.
void rust_eh_personality(void);

// What a status means, in a few words. Never null, valid forever.
const char *mog_describe(mog_status status);

// Decodes and verifies a module where its bytes lie, which may be in flash. They must lie on a multiple of 4, stay there,
// and not change: as `mog build --emit c` writes them.
//
// You promise: there are `size` bytes at `bytes`, and a `mog_module` at `module`.
mog_status mog_load(struct mog_module *module,
                    const void *bytes,
                    size_t size);

// How many bytes of arena the module needs at least to be started. What it needs to run is more, as its calls and its
// data are.
//
// You promise: there is a `mog_module` at `module`, and room for a `size_t` at `size`.
mog_status mog_memory_floor(const struct mog_module *module,
                            size_t *size);

// The function of the host's that the module calls under this number: they count from 0, and `MOG_END` comes after the
// last. The texts lie in the module.
//
// You promise: there is a `mog_module` at `module`, and room for a `mog_import` at `import`.
mog_status mog_import_at(const struct mog_module *module,
                         size_t index,
                         struct mog_import *import);

// The name of the function that the host can call under this number, as `mog_import_at`.
//
// You promise: there is a `mog_module` at `module`, and room for a `mog_text` at `name`.
mog_status mog_export_at(const struct mog_module *module, size_t index, struct mog_text *name);

// `mog_load` of a module in the file that `mog sign` wrote, if the trusted key signed it: that is looked at before anything
// of the module is decoded. The manifest may be null if nobody wants it; it is written if the answer is `MOG_OK`.
//
// You promise: there are `size` bytes at `bytes`, a `mog_module` at `module`, a `mog_trust` at `trust` with a key of `MOG_KEY_BYTES`
// and a name that a zero closes or none, and room for a `mog_manifest` at `manifest` if that is not null.
mog_status mog_load_signed(struct mog_module *module,
                           const void *bytes,
                           size_t size,
                           const struct mog_trust *trust,
                           struct mog_manifest *manifest);

// In a host function: its result. A text, an array or items are copied; of a value of the program's, a struct, an array or a
// map is the same one. After that the arguments are stale, for the result may lie where one of them did.
//
// You promise: there is a `mog_instance` at `vm`. The text, the numbers or the items of the value are there.
mog_status mog_return(struct mog_instance *vm,
                      struct mog_value value);

// In a host function: it did not work, and why. The program can catch it. Gives `MOG_FAILED`.
//
// You promise: there is a `mog_instance` at `vm`, and a text closed by a zero at `message`.
mog_status mog_fail(struct mog_instance *vm, const char *message);

// In a host function: it is not allowed, and why. The program can catch it. Gives `MOG_DENIED`.
//
// You promise: as for `mog_fail`.
mog_status mog_deny(struct mog_instance *vm, const char *message);

// In a host function: it is not done yet. The task that made the call waits, and others go on, until `mog_complete` names
// this token; then the function is called again with the same arguments, and `mog_resumed` tells the token. Which
// token stands for what is up to the host. Gives `MOG_WAITING`.
//
// You promise: there is a `mog_instance` at `vm`.
mog_status mog_pending(struct mog_instance *vm,
                       uint32_t token);

// In a host function: `MOG_OK` and the token if this is the rest of a call that was pending, or that had the
// program call a function; `MOG_END` if the call is new.
//
// You promise: there is a `mog_instance` at `vm`, and room for a token at `token`.
mog_status mog_resumed(const struct mog_instance *vm, uint32_t *token);

// How many parts a value has: fields of a struct, elements of a `MOG_LIST`, entries of a map, values that an enum's variant
// carries. (The numbers of a `MOG_ARRAY` lie in `as.bytes`.)
//
// You promise: there is a `mog_instance` at `vm`, and room for a `size_t` at `length`.
mog_status mog_length(const struct mog_instance *vm,
                      struct mog_value value,
                      size_t *length);

// A field of a struct, an element of a `MOG_LIST`, or a value that an enum's variant carries: they count from 0, and `MOG_END`
// comes after the last.
//
// You promise: there is a `mog_instance` at `vm`, and room for a `mog_value` at `item`.
mog_status mog_item(const struct mog_instance *vm,
                    struct mog_value value,
                    size_t index,
                    struct mog_value *item);

// The field of a struct that has this name; `MOG_END` if none has.
//
// You promise: there is a `mog_instance` at `vm`, a text closed by a zero at `name`, and room for a `mog_value` at `field`.
mog_status mog_field(const struct mog_instance *vm,
                     struct mog_value value,
                     const char *name,
                     struct mog_value *field);

// The next entry of a map, in the order in which they were added: begin with a `position` of 0, which this moves on;
// `MOG_END` comes after the last.
//
// You promise: there is a `mog_instance` at `vm`, a `size_t` at `position`, and room for a `mog_value` each at `key` and `value`.
mog_status mog_entry(const struct mog_instance *vm,
                     struct mog_value map,
                     size_t *position,
                     struct mog_value *key,
                     struct mog_value *value);

// Which variant an enum's value is: its number, which counts from 0 in the order of the declaration, and its name. Either
// may be null. The name lies in the module.
//
// You promise: there is a `mog_instance` at `vm`. If they are not null, there is room for a `uint32_t` at `number`, and for a `mog_text` at
// `name`.
mog_status mog_variant(const struct mog_instance *vm,
                       struct mog_value value,
                       uint32_t *number,
                       struct mog_text *name);

// In a host function that was called again after `mog_call_back`: what the program's function gave. `MOG_END` if this is
// another call.
//
// You promise: there is a `mog_instance` at `vm`, and room for a `mog_value` at `answer`.
mog_status mog_answer(const struct mog_instance *vm,
                      struct mog_value *answer);

// In a host function: makes room for so many bytes of new values, without which those cannot have values of the program's
// as parts, such as an argument's name in a new struct. Values that were read before are stale then, and those in `args`
// are read anew. A text takes 16 bytes and its own, in multiples of 8; a struct 8, and 8 to 16 for each field; an array 32, and
// its elements; a map 56, and for each entry 32 and its value.
//
// You promise: there is a `mog_instance` at `vm`.
mog_status mog_reserve(struct mog_instance *vm,
                       size_t size);

// In a host function: has the program call the function that is this argument, which count from 0, with these values. Then
// the host function is called again, with the same arguments; `mog_resumed` tells the token, and `mog_answer` what the
// function gave. If that fails, the host function is not called again. Gives `MOG_CALLING`, for it to answer.
//
// The token has to say all that the host wants to know. It is kept by the program: look whether it is one that you gave.
//
// You promise: there is a `mog_instance` at `vm`, and `count` values at `args`, whose texts, numbers and items are there.
mog_status mog_call_back(struct mog_instance *vm,
                         size_t argument,
                         uint32_t token,
                         const struct mog_value *args,
                         size_t count);

// Makes an instance of a module: lays out its arena and links what it calls to what the configuration grants; null grants
// nothing. What is not granted fails as denied when the program calls it. No code runs yet.
//
// The arena is all the memory that the program will ever have, stack and heap together. It lies on a multiple of 8, is for
// this instance alone, and overlaps neither the instance nor the module. The module must stay where it is, the
// configuration need not, apart from its table. If this fails, `mog_message` says more.
//
// You promise: there is a `mog_instance` at `vm`, zero or used before, a `mog_module` at `module`, `arena_size` bytes at `arena`, and a
// `mog_config` at `config` if it is not null, whose table is as long as it says.
mog_status mog_new(struct mog_instance *vm,
                   const struct mog_module *module,
                   void *arena,
                   size_t arena_size,
                   const struct mog_config *config);

// Runs the program's top-level statements, which give its module-wide variables their first values, for at most so many
// steps. Once for each instance, before the first `mog_call`, even if there are none. Answers as `mog_resume`, which
// also goes on with it.
//
// You promise: there is a `mog_instance` at `vm`.
mog_status mog_start(struct mog_instance *vm,
                     uint64_t steps);

// Calls `main` or a `pub fn` of the program, for at most so many steps. What a call before it left unfinished is dropped,
// and its tokens with it. Answers as `mog_resume`; after `MOG_OK`, `mog_result` has the result. A function whose `Result` is an `err` answers
// `MOG_FAILED` or `MOG_DENIED`.
//
// The texts, numbers and items of arguments are copied. They must not lie in the instance's own arena, as those of
// `mog_result` do.
//
// You promise: there is a `mog_instance` at `vm`, a text closed by a zero at `function`, and `count` values at `args`, whose texts,
// numbers and items are there.
mog_status mog_call(struct mog_instance *vm,
                    const char *function,
                    const struct mog_value *args,
                    size_t count,
                    uint64_t steps);

// Goes on for at most so many steps: after `MOG_PAUSED`, or after `MOG_WAITING` and `mog_complete`.
//
// - `MOG_OK`: the function returned.
// - `MOG_PAUSED`: out of steps. What one run leaves over is not added to the next; what it overdrew, is taken from it.
// - `MOG_WAITING`: nothing can go on before `mog_complete`.
// - `MOG_TRAP`, `MOG_FAILED`, `MOG_DENIED`, `MOG_OUT_OF_MEMORY`, `MOG_OUT_OF_STACK`: the call ended badly. The instance can
//   be called again; its module-wide variables are as they were left.
// - `MOG_IDLE`: there is nothing to go on with.
//
// You promise: there is a `mog_instance` at `vm`.
mog_status mog_resume(struct mog_instance *vm,
                      uint64_t steps);

// The host has what a pending call waited for: the next run calls its function again. Each token can be completed once;
// the order of completions is the order in which tasks go on. Not from an interrupt, while the instance may be running.
//
// You promise: there is a `mog_instance` at `vm`.
mog_status mog_complete(struct mog_instance *vm,
                        uint32_t token);

// The result of the call that returned last; the value of an `ok`. Its text or numbers lie in the arena or the module, and
// are there until the instance is used again to run.
//
// You promise: there is a `mog_instance` at `vm`, and room for a `mog_value` at `result`.
mog_status mog_result(const struct mog_instance *vm,
                      struct mog_value *result);

// What the instance has done so far.
//
// You promise: there is a `mog_instance` at `vm`, and room for a `mog_counts` at `counters`.
mog_status mog_counters(const struct mog_instance *vm, struct mog_counts *counters);

// How the program faulted, after `MOG_TRAP`.
//
// You promise: there is a `mog_instance` at `vm`, and room for a `mog_trap_code` at `trap`.
mog_status mog_trap(const struct mog_instance *vm, mog_trap_code *trap);

// Where the program stands or faulted: at depth 0 the function that runs, at 1 the one that called it, and so on; `MOG_END`
// comes after the outermost. The texts lie in the module.
//
// You promise: there is a `mog_instance` at `vm`, and room for a `mog_place` at `place`.
mog_status mog_place_at(const struct mog_instance *vm,
                        size_t depth,
                        struct mog_place *place);

// How the last run ended, or why `mog_new` or `mog_restore` failed, in words: closed by a zero, and `MOG_TOO_SMALL` if it
// had to be cut.
//
// You promise: there is a `mog_instance` at `vm`, and room for `size` bytes at `text`.
mog_status mog_message(const struct mog_instance *vm,
                       char *text,
                       size_t size);

// How many bytes `mog_snapshot` will write.
//
// You promise: there is a `mog_instance` at `vm`, and room for a `size_t` at `size`.
mog_status mog_snapshot_size(const struct mog_instance *vm, size_t *size);

// Saves an instance: its memory, and where it stands if it is paused. The same on every processor. What it was granted, and
// the module, are not part of it.
//
// You promise: there is a `mog_instance` at `vm`, room for `size` bytes at `bytes`, and for a `size_t` at `written`.
mog_status mog_snapshot(const struct mog_instance *vm,
                        void *bytes,
                        size_t size,
                        size_t *written);

// Makes an instance from a snapshot of the same module; otherwise as `mog_new`. The arena has to be as large as the one that
// was saved, within the difference that register windows make. What was pending still is, under its tokens. The bytes
// are checked: those that are damaged or made up are refused, or give a state that the program might have had.
//
// You promise: as for `mog_new`; and there are `size` bytes at `bytes`.
mog_status mog_restore(struct mog_instance *vm,
                       const struct mog_module *module,
                       void *arena,
                       size_t arena_size,
                       const struct mog_config *config,
                       const void *bytes,
                       size_t size);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* MOG_H */
