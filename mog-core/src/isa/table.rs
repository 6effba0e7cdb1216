//! The instruction set, one row an instruction. Everything that knows instructions is generated from these rows:
//! the opcode enum, encoder and decoder, verifier checks, both dispatchers, disassembler and reference page.
//!
//! An instruction is one 32-bit word, little-endian:
//!
//! ```text
//!   31      24 23      16 15       8 7        0
//!  +----------+----------+----------+----------+
//!  |    c     |    b     |    a     |  opcode  |      16-bit operands: b | c << 8
//!  +----------+----------+----------+----------+      24-bit operands: a | b << 8 | c << 16
//! ```
//!
//! Some are followed by words of the opcode `ext`, with three more byte operands each. No jump may land on one,
//! which the verifier sees from the target word alone.
//!
//! Row: `Variant = function [operands] {flags} "meaning"`. The function in `machine::ops` holds the semantics.
//! Every row costs one step; what an instruction charges beyond that is said in its meaning.
//!
//! A row may go on with sequences: `then { opcode name = Second second, Third third; }`. An instruction that others often follow
//! may have the sequence's opcode in place of its own, and means the same: itself, and that the others follow. Where it is
//! worth it, a dispatcher carries all of them out at once. `loop { ... }` are the sequences whose last instruction jumps back to
//! their first, so that a dispatcher can stay in the loop. All these opcodes count down from 255; a new one takes the next. One
//! is left between them and the instructions: what is new takes the place of something, or is a library function.

/// Hands the rows of the instruction table to the macro that is named.
#[macro_export]
macro_rules! instructions {
    ($with:path) => { $with! {
        // Control. Jumps are relative to the next instruction, in words; taken ones are charge points.
        Charge = charge [] {CHARGES} "nothing; a charge point in long straight code";
        Jump = jump_ [Jump24] {CHARGES ENDS} "jump";
        JumpIf = jump_if [Use(Int), Jump16] {} "jump if a is not 0";
        JumpIfNot = jump_if_not [Use(Int), Jump16] {} "jump if a is 0";
        JEq = j_eq [Use(Int), Use(Int), Jump8] {} "jump if a == b";
        JNe = j_ne [Use(Int), Use(Int), Jump8] {} "jump if a != b";
        JLt = j_lt [Use(Int), Use(Int), Jump8] {} "jump if a < b" then {
            255 j_lt_then_a_swap = ASwap a_swap;
        };
        JLe = j_le [Use(Int), Use(Int), Jump8] {} "jump if a <= b";
        JLtU = j_lt_u [Use(Int), Use(Int), Jump8] {} "jump if a < b, unsigned";
        JLeU = j_le_u [Use(Int), Use(Int), Jump8] {} "jump if a <= b, unsigned";
        JEqI = j_eq_i [Use(Int), Imm8, Jump8] {} "jump if a == b" then {
            254 j_eq_i_then_move = Move move_;
        };
        JNeI = j_ne_i [Use(Int), Imm8, Jump8] {} "jump if a != b";
        JLtI = j_lt_i [Use(Int), Imm8, Jump8] {} "jump if a < b";
        JLeI = j_le_i [Use(Int), Imm8, Jump8] {} "jump if a <= b";
        JGtI = j_gt_i [Use(Int), Imm8, Jump8] {} "jump if a > b";
        JGeI = j_ge_i [Use(Int), Imm8, Jump8] {} "jump if a >= b" then {
            253 j_ge_i_then_move = Move move_;
        };
        JFEq = jf_eq [Use(Float), Use(Float), Jump8] {} "jump if a == b";
        JFNe = jf_ne [Use(Float), Use(Float), Jump8] {} "jump if a != b";
        JFLt = jf_lt [Use(Float), Use(Float), Jump8] {} "jump if a < b";
        JFLe = jf_le [Use(Float), Use(Float), Jump8] {} "jump if a <= b";
        JFNlt = jf_nlt [Use(Float), Use(Float), Jump8] {} "jump unless a < b; differs from b <= a for NaN";
        JFNle = jf_nle [Use(Float), Use(Float), Jump8] {} "jump unless a <= b";
        ForLt = for_lt [Mod(Int), Use(Int), Jump8] {} "a = a + 1, then jump if a < b";
        ForLe = for_le [Mod(Int), Use(Int), Jump8] {} "jump with a = a + 1 if a < b; a stays below b, so b may be the largest int";

        // Calls. The link word that stores where to return lies just below the callee's first register.
        Call = call [Result, Func16] {CHARGES EXT} "call b; ext: caller's frame size + 1, then arguments; result to a";
        CallClosure = call_closure [Result, Use(Closure), Count8] {CHARGES EXT} "call closure b with c argument registers; ext as in call";
        HostCall = host_call [Result, Import16] {CHARGES EXT} "call host function b with the ext arguments; a failure is raised" loop {
            170 host_call_add_for_lt = Ext ext, Add add, ForLt for_lt;
        };
        HostTry = host_try [Result, Import16] {CHARGES EXT} "the same; the result is a Result: kind, value, message";
        NewTask = new_task [Def(Future), Type16] {CHARGES EXT} "a = a new task of type b, whose parameters are the ext registers; charges per word";
        Spawn = spawn [Use(Future)] {CHARGES} "start task a, for which nobody has to wait";
        Await = await_future [Result, Use(Future)] {CHARGES} "wait for future b; its value to a, its failure is raised";
        Gather = gather [Use(Futures)] {CHARGES} "start all futures of array a and wait for them; the first failure cancels the others and is raised";
        Race = race [Def(Int), Use(Futures)] {CHARGES} "start all futures of array b and wait for one; its index to a, the others are cancelled";
        Drain = drain [] {CHARGES} "wait until no task can go on";
        Ret = ret [] {CHARGES ENDS RULE} "return nothing";
        Ret1 = ret1 [Use(One)] {CHARGES ENDS RULE} "return a";
        RetN = ret_n [UseN, Count8] {CHARGES ENDS} "return the b registers from a on";
        Raise = raise [Use(Error)] {CHARGES ENDS} "raise the failure of kind a with the message a + 1; charged per frame unwound";
        Trap = trap [Code8] {ENDS} "end the program with trap code a";
        Panic = panic [Use(Str)] {ENDS} "end the program with the message a";

        // Moves and constants.
        Move = move_ [Def(One), Use(One)] {PURE} "a = b" then {
            252 move_then_add_i_then_jump = AddI add_i, Jump jump_;
            251 move_then_add_i = AddI add_i;
            250 move_then_jump = Jump jump_;
            249 move_then_load_int = LoadInt load_int;
        };
        MoveN = move_n [DefN, UseN, Count8] {PURE} "c registers from b on to a; they may overlap upwards";
        LoadInt = load_int [Def(Int), Imm16] {INT PURE} "a = b" then {
            248 load_int_then_add_i_then_j_le = AddI add_i, JLe j_le;
            247 load_int_then_add_i = AddI add_i;
            246 load_int_then_load_int = LoadInt load_int;
        };
        LoadK = load_k [Def(Scalar), Const16] {INT PURE} "a = constant b, an int or the bits of a float";
        LoadStr = load_str [Def(Str), Str16] {PURE} "a = string constant b";
        Clear = clear [Def(Ref)] {} "a = null, so that what it held can be collected";
        LoadGlobal = load_global [Def(One), Global16] {PURE} "a = module variable slot b";
        StoreGlobal = store_global [Use(One), Global16] {} "module variable slot b = a";
        LoadGlobalN = load_global_n [DefN, Global16] {PURE EXT} "the same for as many registers as ext says";
        StoreGlobalN = store_global_n [UseN, Global16] {EXT} "the same for as many registers as ext says";

        // Integers, 64 bits. Smaller types are kept extended; `narrow` restores that.
        Add = add [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = b + c, wrapping" then {
            245 add_then_add_i = AddI add_i;
            244 add_then_add = Add add;
            243 add_then_a_get_f = AGetF a_get_f;
            242 add_then_a_get = AGet a_get;
            241 add_then_for_lt = ForLt for_lt;
            240 add_then_ret1 = Ret1 ret1;
        } loop {
            173 dot_of_row_and_column = AGetF a_get_f, Mul mul, AddA add_a, AGetF a_get_f, FMulAddA f_mul_add_a, ForLt for_lt;
        };
        Sub = sub [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = b - c, wrapping";
        Mul = mul [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = b * c, wrapping" then {
            239 mul_then_add_a = AddA add_a;
            238 mul_then_rem = Rem rem;
        };
        Div = div [Def(Int), Use(Int), Use(Int)] {INT} "a = b / c toward zero; traps on 0";
        Rem = rem [Def(Int), Use(Int), Use(Int)] {INT} "a = b % c, the sign of b; traps on 0" then {
            237 rem_then_a_set = ASet a_set;
        };
        DivU = div_u [Def(Int), Use(Int), Use(Int)] {INT} "a = b / c, unsigned; traps on 0";
        RemU = rem_u [Def(Int), Use(Int), Use(Int)] {INT} "a = b % c, unsigned; traps on 0";
        And = and [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = b & c" then {
            236 and_then_xor_add_a_then_for_le = XorAddA xor_add_a, ForLe for_le;
            235 and_then_xor_add_a = XorAddA xor_add_a;
        };
        Or = or [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = b | c";
        Xor = xor [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = b ^ c";
        Shl = shl [Def(Int), Use(Int), Use(Int)] {INT} "a = b << c; traps if c is not in 0..64";
        Shr = shr [Def(Int), Use(Int), Use(Int)] {INT} "a = b >> c with the sign; traps if c is not in 0..64";
        ShrU = shr_u [Def(Int), Use(Int), Use(Int)] {INT} "a = b >> c with zeros; traps if c is not in 0..64";
        AddI = add_i [Def(Int), Use(Int), Imm8] {INT PURE} "a = b + c" then {
            234 add_i_then_j_ge_i = JGeI j_ge_i;
            233 add_i_then_j_le = JLe j_le;
            232 add_i_then_add_i = AddI add_i;
            231 add_i_then_a_get = AGet a_get;
            230 add_i_then_call = Call call;
            229 add_i_then_jump = Jump jump_;
            228 add_i_then_for_lt = ForLt for_lt;
            227 add_i_then_j_lt = JLt j_lt;
            226 add_i_then_j_lt_i = JLtI j_lt_i;
        };
        MulI = mul_i [Def(Int), Use(Int), Imm8] {INT PURE} "a = b * c" then {
            225 mul_i_then_add_and_a = AddAndA add_and_a;
        } loop {
            171 mul_i_add_and_a_and_xor_add_a_for_le = AddAndA add_and_a, And and, XorAddA xor_add_a, ForLe for_le;
        };
        DivI = div_i [Def(Int), Use(Int), Imm8] {INT} "a = b / c; traps on 0";
        RemI = rem_i [Def(Int), Use(Int), Imm8] {INT} "a = b % c; traps on 0" then {
            224 rem_i_then_j_ne_i = JNeI j_ne_i;
        };
        AndI = and_i [Def(Int), Use(Int), Imm8] {INT PURE} "a = b & c, sign-extended";
        OrI = or_i [Def(Int), Use(Int), Imm8] {INT PURE} "a = b | c, sign-extended";
        XorI = xor_i [Def(Int), Use(Int), Imm8] {INT PURE} "a = b ^ c, sign-extended";
        ShlI = shl_i [Def(Int), Use(Int), Imm8] {INT PURE} "a = b << c, c modulo 64";
        ShrI = shr_i [Def(Int), Use(Int), Imm8] {INT PURE} "a = b >> c with the sign, c modulo 64";
        ShrUI = shr_u_i [Def(Int), Use(Int), Imm8] {INT PURE} "a = b >> c with zeros, c modulo 64";
        Neg = neg [Def(Int), Use(Int)] {INT PURE} "a = -b, wrapping";
        BitNot = bit_not [Def(Int), Use(Int)] {INT PURE} "a = ~b";
        Not = not [Def(Int), Use(Int)] {INT PURE} "a = 1 if b is 0, else 0";
        Narrow = narrow [Def(Int), Use(Int), Code8] {INT PURE} "a = b wrapped to the integer kind c";
        ShiftCheck = shift_check [Use(Int), Code8] {} "trap unless a is in 0..b: the width of a shift on a sized type";
        Eq = eq [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = b == c";
        Ne = ne [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = b != c";
        Lt = lt [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = b < c";
        Le = le [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = b <= c";
        LtU = lt_u [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = b < c, unsigned";
        LeU = le_u [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = b <= c, unsigned";
        EqI = eq_i [Def(Int), Use(Int), Imm8] {INT PURE} "a = b == c";
        NeI = ne_i [Def(Int), Use(Int), Imm8] {INT PURE} "a = b != c";
        IntFn = int_fn [Def(Int), Use(Int), Code8] {INT PURE} "a = function c of b: 0 abs, 1 sign, 2 count ones, 3 leading zeros";

        // Integers with the latest integer result as an operand, handed on in a machine register.
        AddA = add_a [Def(Int), AccInt, Use(Int)] {INT PURE} "a = acc + c" then {
            223 add_a_then_for_lt = ForLt for_lt;
        };
        SubA = sub_a [Def(Int), AccInt, Use(Int)] {INT PURE} "a = acc - c";
        RsubA = rsub_a [Def(Int), AccInt, Use(Int)] {INT PURE} "a = c - acc";
        MulA = mul_a [Def(Int), AccInt, Use(Int)] {INT PURE} "a = acc * c";
        AndA = and_a [Def(Int), AccInt, Use(Int)] {INT PURE} "a = acc & c";
        OrA = or_a [Def(Int), AccInt, Use(Int)] {INT PURE} "a = acc | c";
        XorA = xor_a [Def(Int), AccInt, Use(Int)] {INT PURE} "a = acc ^ c";
        AddIA = add_i_a [Def(Int), AccInt, Imm8] {INT PURE} "a = acc + c";
        MulIA = mul_i_a [Def(Int), AccInt, Imm8] {INT PURE} "a = acc * c";
        AndIA = and_i_a [Def(Int), AccInt, Imm8] {INT PURE} "a = acc & c, sign-extended";
        ShlIA = shl_i_a [Def(Int), AccInt, Imm8] {INT PURE} "a = acc << c, c modulo 64";
        ShrIA = shr_i_a [Def(Int), AccInt, Imm8] {INT PURE} "a = acc >> c with the sign, c modulo 64";
        ShrUIA = shr_u_i_a [Def(Int), AccInt, Imm8] {INT PURE} "a = acc >> c with zeros, c modulo 64";
        NarrowA = narrow_a [Def(Int), AccInt, Code8] {INT PURE} "a = acc wrapped to the integer kind c";

        // Floats, IEEE 754 double precision. `f32` values are rounded after each operation.
        FAdd = f_add [Def(Float), Use(Float), Use(Float)] {FLOAT PURE} "a = b + c";
        FSub = f_sub [Def(Float), Use(Float), Use(Float)] {FLOAT PURE} "a = b - c" then {
            222 f_sub_then_f_add_a_then_for_lt_i = FAddA f_add_a, ForLtI for_lt_i;
            221 f_sub_then_f_add_a = FAddA f_add_a;
        };
        FMul = f_mul [Def(Float), Use(Float), Use(Float)] {FLOAT PURE} "a = b * c" then {
            220 f_mul_then_f_mul = FMul f_mul;
            219 f_mul_then_f_mul_add_a = FMulAddA f_mul_add_a;
            218 f_mul_then_f_add_mul_a_then_f_add_mul_a = FAddMulA f_add_mul_a, FAddMulA f_add_mul_a;
            217 f_mul_then_field_f_add = FieldFAdd field_f_add;
            216 f_mul_then_field_f_sub = FieldFSub field_f_sub;
        };
        FDiv = f_div [Def(Float), Use(Float), Use(Float)] {FLOAT PURE} "a = b / c";
        FRem = f_rem [Def(Float), Use(Float), Use(Float)] {FLOAT PURE} "a = b % c as C's fmod; charges for the distance of the exponents";
        FNeg = f_neg [Def(Float), Use(Float)] {FLOAT PURE} "a = -b";
        FSqrt = f_sqrt [Def(Float), Use(Float)] {FLOAT PURE} "a = square root of b" then {
            215 f_sqrt_then_f_mul_a_then_f_div = FMulA f_mul_a, FDiv f_div;
        };
        FRound32 = f_round32 [Def(Float), Use(Float)] {FLOAT PURE} "a = b rounded to single precision";
        FMin = f_min [Def(Float), Use(Float), Use(Float)] {FLOAT PURE} "a = the smaller; NaN if either is";
        FMax = f_max [Def(Float), Use(Float), Use(Float)] {FLOAT PURE} "a = the larger; NaN if either is";
        FMath = f_math [Def(Float), Use(Float), Code8] {FLOAT PURE} "a = function c of b, see MathFn; charges 8";
        FPow = f_pow [Def(Float), Use(Float), Use(Float)] {FLOAT PURE} "a = b to the power of c; charges 8";
        FAtan2 = f_atan2 [Def(Float), Use(Float), Use(Float)] {FLOAT PURE} "a = angle of the point (c, b); charges 8";
        FEq = f_eq [Def(Int), Use(Float), Use(Float)] {INT PURE} "a = b == c";
        FNe = f_ne [Def(Int), Use(Float), Use(Float)] {INT PURE} "a = b != c";
        FLt = f_lt [Def(Int), Use(Float), Use(Float)] {INT PURE} "a = b < c";
        FLe = f_le [Def(Int), Use(Float), Use(Float)] {INT PURE} "a = b <= c";
        IntToFloat = int_to_float [Def(Float), Use(Int), Code8] {FLOAT PURE} "a = b, nearest; unsigned if the kind c is u64";
        FloatToInt = float_to_int [Def(Int), Use(Float), Code8] {INT PURE} "a = b truncated, saturating to the integer kind c; NaN gives 0";
        FAddA = f_add_a [Def(Float), AccFloat, Use(Float)] {FLOAT PURE} "a = facc + c" then {
            214 f_add_a_then_jf_lt = JFLt jf_lt;
        };
        FSubA = f_sub_a [Def(Float), AccFloat, Use(Float)] {FLOAT PURE} "a = facc - c";
        FRsubA = f_rsub_a [Def(Float), AccFloat, Use(Float)] {FLOAT PURE} "a = c - facc";
        FMulA = f_mul_a [Def(Float), AccFloat, Use(Float)] {FLOAT PURE} "a = facc * c" then {
            213 f_mul_a_then_field_f_add = FieldFAdd field_f_add;
            212 f_mul_a_then_field_f_sub = FieldFSub field_f_sub;
        };
        FDivA = f_div_a [Def(Float), AccFloat, Use(Float)] {FLOAT PURE} "a = facc / c";

        // Objects.
        New = new [Def(Ref), Type16] {EXT} "a = a new struct or variant b with the ext registers as its slots; charges per slot; of a variant, a may be the boxed enum";
        NewClosure = new_closure [Def(Closure), Func16] {EXT} "a = a closure of function b with the ext registers as captures";
        LoadField = load_field [Def(One), Use(Struct), Field8] {} "a = slot c of b" then {
            211 load_field_then_load_field = LoadField load_field;
            210 load_field_then_add_a = AddA add_a;
        };
        StoreField = store_field [Use(Struct), Field8, Use(One)] {} "slot b of a = c";
        LoadFieldN = load_field_n [DefN, Use(Struct), Field8] {EXT} "the same for as many registers as ext says";
        StoreFieldN = store_field_n [Use(Struct), Field8, UseN] {EXT} "the same for as many registers as ext says";
        EnumTag = enum_tag [Def(Int), Use(Boxed)] {INT} "a = number of the variant whose object b is";
        AsVariant = as_variant [Def(Variant), Use(Boxed)] {EXT} "a = b as the variant whose type ext says; traps if it is another";

        // Arrays and strings.
        ALen = a_len [Def(Int), Use(Array)] {INT} "a = number of elements of b" then {
            209 a_len_then_j_le = JLe j_le;
            208 a_len_then_j_lt = JLt j_lt;
        };
        AGet = a_get [Def(Elem), Use(Array), Use(Int)] {} "a = b[c] for one-slot elements of 64 bits; traps when out of range" then {
            207 a_get_then_a_set_then_for_lt = ASet a_set, ForLt for_lt;
            206 a_get_then_a_set = ASet a_set;
            205 a_get_then_j_ne_i = JNeI j_ne_i;
            204 a_get_then_j_le = JLe j_le;
            203 a_get_then_add_a = AddA add_a;
            202 a_get_then_load_field_f_then_f_sub_field_a = LoadFieldF load_field_f, FSubFieldA f_sub_field_a;
            201 a_get_then_load_field_f = LoadFieldF load_field_f;
            200 a_get_then_j_lt = JLt j_lt;
        } loop {
            181 a_get_a_set_for_lt = ASet a_set, ForLt for_lt;
            175 a_get_add_for_lt = Add add, ForLt for_lt;
        };
        ASet = a_set [Use(Array), Use(Int), Use(Elem)] {} "a[b] = c, likewise" then {
            199 a_set_then_for_lt = ForLt for_lt;
            198 a_set_then_for_le = ForLe for_le;
            197 a_set_then_j_lt_i = JLtI j_lt_i;
        } loop {
            182 a_set_for_lt = ForLt for_lt;
        };
        AGetF = a_get_f [Def(Elem), Use(Array), Use(Int)] {FLOAT} "a = b[c] for floats; also the latest float result" then {
            196 a_get_f_then_f_mul_add_a_then_for_lt = FMulAddA f_mul_add_a, ForLt for_lt;
            195 a_get_f_then_f_mul_add_a = FMulAddA f_mul_add_a;
        } loop {
            172 dot = AGetF a_get_f, FMulAddA f_mul_add_a, ForLt for_lt;
        };
        AGetU8 = a_get_u8 [Def(Elem), Use(Array), Use(Int)] {INT} "a = b[c] for bool and u8" then {
            194 a_get_u8_then_jump_if_not = JumpIfNot jump_if_not;
            193 a_get_u8_then_j_ne_i = JNeI j_ne_i;
        };
        ASetU8 = a_set_u8 [Use(Array), Use(Int), Use(Elem)] {} "a[b] = c for bool and u8" then {
            192 a_set_u8_then_add_then_j_le = Add add, JLe j_le;
            191 a_set_u8_then_add = Add add;
            190 a_set_u8_then_add_then_j_lt = Add add, JLt j_lt;
        } loop {
            177 a_set_u8_add_j_lt = Add add, JLt j_lt;
            174 a_set_u8_add_j_le = Add add, JLe j_le;
            176 a_set_u8_for_lt = ForLt for_lt;
        };
        AGetP = a_get_p [Def(Elem), Use(Array), Use(Int)] {} "a = b[c] for any packed element type";
        ASetP = a_set_p [Use(Array), Use(Int), Use(Elem)] {} "a[b] = c for any packed element type";
        AGetN = a_get_n [ElemN, Use(Array), Use(Int)] {} "a = b[c] for elements of several slots";
        ASetN = a_set_n [Use(Array), Use(Int), ElemN] {} "a[b] = c for elements of several slots";
        ASwap = a_swap [Use(Array), Use(Int), Use(Int)] {RULE} "exchange a[b] and a[c], of one slot of 64 bits; traps when out of range" then {
            189 a_swap_then_for_meet = ForMeet for_meet;
        } loop {
            180 a_swap_for_meet = ForMeet for_meet;
        };
        APush = a_push [Use(Array), Use(Elem)] {} "append b, of one slot of 64 bits, to a; charges for growth";
        NewArray = new_array [Def(Array), Type16] {EXT} "a = a new array of type b; ext: count, then that many registers of 64-bit elements";
        SLen = s_len [Def(Int), Use(Str)] {INT} "a = length of b in bytes";

        // Everything else: see the library table.
        Lib = lib [Result, Lib16] {CHARGES EXT} "a = library function b of the ext operands; charges what it touches";
        Ext = ext [] {} "operand bytes a, b, c of the instruction before; never executed";

        // Two or three of the above in one. At the end, so that all others keep their numbers.
        ForLtI = for_lt_i [Mod(Int), Imm8, Jump8] {} "a = a + 1, then jump if a < b";
        ForMeet = for_meet [Mod(Int), Mod(Int), Jump8] {} "a = a + 1, b = b - 1, then jump if a < b";
        AGetNext = a_get_next [Def(Elem), Use(Array), Mod(Int)] {} "c = c + 1, then a = b[c] for one-slot elements of 64 bits; traps when out of range" then {
            188 a_get_next_then_j_lt = JLt j_lt;
        } loop {
            179 a_get_next_j_lt = JLt j_lt;
        };
        AGetPrev = a_get_prev [Def(Elem), Use(Array), Mod(Int)] {} "c = c - 1, then likewise" then {
            187 a_get_prev_then_j_lt = JLt j_lt;
        } loop {
            178 a_get_prev_j_lt = JLt j_lt;
        };
        MulAddA = mul_add_a [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = acc * b + c, wrapping";
        AddAndA = add_and_a [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = (acc + b) & c";
        XorAddA = xor_add_a [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = (acc ^ b) + c, wrapping";
        XorMulA = xor_mul_a [Def(Int), Use(Int), Use(Int)] {INT PURE} "a = (acc ^ b) * c, wrapping";
        FMulAddA = f_mul_add_a [Def(Float), Use(Float), Use(Float)] {FLOAT PURE} "a = facc * b + c, rounded twice";
        FAddMulA = f_add_mul_a [Def(Float), Use(Float), Use(Float)] {FLOAT PURE} "a = facc + b * c, rounded twice";
        FSubMulA = f_sub_mul_a [Def(Float), Use(Float), Use(Float)] {FLOAT PURE} "a = facc - b * c, rounded twice";
        LoadFieldF = load_field_f [Def(Float), Use(Struct), Field8] {FLOAT} "a = slot c of b; also the latest float result" then {
            186 load_field_f_then_f_sub_field_a = FSubFieldA f_sub_field_a;
            185 load_field_f_then_f_mul_a_then_field_f_add = FMulA f_mul_a, FieldFAdd field_f_add;
            184 load_field_f_then_f_mul_a = FMulA f_mul_a;
        };
        FAddFieldA = f_add_field_a [Def(Float), Use(Struct), Field8] {FLOAT} "a = facc + slot c of b";
        FSubFieldA = f_sub_field_a [Def(Float), Use(Struct), Field8] {FLOAT} "a = facc - slot c of b";
        FMulFieldA = f_mul_field_a [Def(Float), Use(Struct), Field8] {FLOAT} "a = facc * slot c of b" then {
            183 f_mul_field_a_then_f_mul_a = FMulA f_mul_a;
        };
        FieldAdd = field_add [Use(Struct), Field8, Use(Int)] {} "slot b of a += c, wrapping";
        FieldAddI = field_add_i [Use(Struct), Field8, Imm8] {} "slot b of a += c, wrapping";
        FieldSub = field_sub [Use(Struct), Field8, Use(Int)] {} "slot b of a -= c, wrapping";
        FieldFAdd = field_f_add [Use(Struct), Field8, Use(Float)] {} "slot b of a += c";
        FieldFSub = field_f_sub [Use(Struct), Field8, Use(Float)] {} "slot b of a -= c";
    } };
}

/// Hands the rows of the library table to the macro that is named: functions that instruction `lib` calls.
///
/// Row: `Variant = function (operands) -> (results) "meaning"`. Operand kinds are those of
/// [`LibOperand`](crate::isa::LibOperand), result kinds those of [`LibResult`](crate::isa::LibResult). Operands
/// that are types take two ext bytes, `ListStr` and `ListInt` take a count and that many registers, all others one register:
/// the first of theirs.
#[macro_export]
macro_rules! library {
    ($with:path) => { $with! {
        // Strings.
        StrConcat = str_concat (ListStr) -> (Str) "all of them joined";
        StrEq = str_eq (Str, Str) -> (Int) "whether they are equal";
        StrCmp = str_cmp (Str, Str) -> (Int) "-1, 0 or 1 by byte order";
        StrUpper = str_upper (Str) -> (Str) "in upper case (Unicode's simple mapping)";
        StrLower = str_lower (Str) -> (Str) "in lower case";
        StrTrim = str_trim (Str) -> (Str) "without white space at both ends";
        StrSplit = str_split (Str, Str) -> (ArrayStr) "the parts between separators; an empty separator gives the characters";
        StrContains = str_contains (Str, Str) -> (Int) "whether the second occurs in the first";
        StrStartsWith = str_starts_with (Str, Str) -> (Int) "whether it begins so";
        StrEndsWith = str_ends_with (Str, Str) -> (Int) "whether it ends so";
        StrReplace = str_replace (Str, Str, Str) -> (Str) "every second replaced by the third";
        StrIndexOf = str_index_of (Str, Str) -> (Int) "byte position of the first occurrence, or -1";
        StrRepeat = str_repeat (Str, Int) -> (Str) "that many times; traps on a negative count";
        StrSlice = str_slice (Str, Int, Int) -> (Tag, Str) "bytes from..to; tag 1 if in range and on character boundaries, else 0";
        StrAt = str_at (Str, Int) -> (Tag, Str) "the character that starts at that byte; tag 0 if none does";
        StrNext = str_next (Str, Int) -> (Int, Str) "position after the character at that byte, and the character; position -1 at the end";
        StrChars = str_chars (Str) -> (ArrayStr) "its characters";
        StrLines = str_lines (Str) -> (ArrayStr) "its lines, without their ends";
        StrBytes = str_bytes (Str) -> (ArrayU8) "its bytes";
        StrPadLeft = str_pad_left (Str, Int, Str) -> (Str) "filled on the left with the third to that many characters";
        StrPadRight = str_pad_right (Str, Int, Str) -> (Str) "filled on the right";
        StrJoin = str_join (ArrayStr, Str) -> (Str) "the elements with the separator between";
        ParseInt = parse_int (Str) -> (Tag, Int, Str) "a Result: the number that the whole trimmed string is, in decimal, 0x or 0b form";
        ParseFloat = parse_float (Str) -> (Tag, Float, Str) "a Result: the number that the whole trimmed string is";

        // Text of values.
        IntText = int_text (Int) -> (Str) "decimal";
        UintText = uint_text (Int) -> (Str) "decimal, unsigned";
        FloatText = float_text (Float) -> (Str) "shortest that reads back equal";
        F32Text = f32_text (Float) -> (Str) "shortest that reads back equal in single precision";
        FloatFixed = float_fixed (Float, Int) -> (Str) "with that many decimals";
        BoolText = bool_text (Int) -> (Str) "true or false";
        Display = display (Type, Value) -> (Str) "any value as printing gives it";
        JsonText = json_text (Type, Value) -> (Tag, Str, Str) "a Result: any value as JSON; fails on a cycle or a function";
        JsonParse = json_parse (Str) -> (Tag, Any, Str) "a Result: the value";

        // Any value.
        Equal = equal (Type, Value, Value) -> (Int) "deep equality";
        ToAny = to_any (Type, Value) -> (Any) "a deep copy as any; traps on a cycle";
        FromAny = from_any (Type, Any) -> (Tag, Value, Str) "a Result: a deep copy as that type";
        AnyField = any_field (Any, Str) -> (Tag, Any, Str) "a Result: the value under that key";
        AnyIndex = any_index (Any, Any) -> (Tag, Any, Str) "a Result: the element at that int, or under that string";
        AnySetIndex = any_set_index (Any, Any, Any) -> (Tag, Str) "a Result without value: store under that int or string";
        AnyLen = any_len (Any) -> (Tag, Int, Str) "a Result: number of bytes or elements";
        AnyNext = any_next (Any, Int) -> (Int, Any, Any) "next position (-1 at the end), key and element of an array or map at a position; traps on other values";

        // Arrays. `Array` is an array of any type, `Elem` its element's registers.
        ArrayNew = array_new (Type, Int) -> (SameType) "an empty array of that type with room for that many";
        ArrayFill = array_fill (Type, Int, TypeElem) -> (SameType) "an array of that many copies of an element; traps on a negative count";
        ArrayPush = array_push (Array, Elem) -> () "append";
        ArrayPop = array_pop (Array) -> (Tag, Elem) "take the last; tag 0 if there is none";
        ArrayInsert = array_insert (Array, Int, Elem) -> () "insert before that index; traps when out of range";
        ArrayRemove = array_remove (Array, Int) -> (Tag, Elem) "take out; tag 0 when out of range";
        ArraySlice = array_slice (Array, Int, Int) -> (Tag, SameArray) "a new array of from..to; tag 0 when out of range";
        ArrayConcat = array_concat (Array, SameArray) -> (SameArray) "a new array of both";
        ArrayReverse = array_reverse (Array) -> () "in place";
        ArrayClear = array_clear (Array) -> () "to no elements";
        ArrayIndexOf = array_index_of (Array, Elem) -> (Int) "index of the first deeply equal element, or -1";
        ArraySort = array_sort (Array) -> () "in place, ascending: numbers (floats by total order, NaN last), strings, booleans; other types trap";
        ArraySum = array_sum (Array) -> (Elem) "sum of numbers, wrapping; 0 if empty";
        ArrayMin = array_min (Array) -> (Tag, Elem) "smallest number or string; tag 0 if empty";
        ArrayMax = array_max (Array) -> (Tag, Elem) "largest, likewise";
        ArrayAssign = array_assign (Array, SameArray) -> () "overwrite all elements with those of the other; traps if the lengths differ";

        // Maps. `Key` and `Elem` are the registers of its key and value.
        MapNew = map_new (Type) -> (SameType) "an empty map of that type";
        MapLen = map_len (Map) -> (Int) "number of entries";
        MapGet = map_get (Map, Key) -> (Tag, Elem) "the value; tag 0 if missing";
        MapSet = map_set (Map, Key, Elem) -> () "store";
        MapHas = map_has (Map, Key) -> (Int) "whether there is one";
        MapDelete = map_delete (Map, Key) -> (Int) "take out; whether there was one";
        MapClear = map_clear (Map) -> () "to no entries";
        MapKeys = map_keys (Type, Map) -> (SameType) "the keys in order, as an array of the given type";
        MapValues = map_values (Type, Map) -> (SameType) "the values in order, likewise";
        MapState = map_state (Map) -> (Int) "a number that changes when entries come or go";
        MapNext = map_next (Map, Int, Int) -> (Int, Key, Elem) "next position (-1 at the end), key and value at a position; traps if the state is no longer the one given";

        // Checked arithmetic at the width of an integer kind (first operand, an int constant in a register).
        CheckedAdd = checked_add (Int, Int, Int) -> (Tag, Int) "sum, or tag 0 on overflow";
        CheckedSub = checked_sub (Int, Int, Int) -> (Tag, Int) "difference, likewise";
        CheckedMul = checked_mul (Int, Int, Int) -> (Tag, Int) "product, likewise";
        CheckedDiv = checked_div (Int, Int, Int) -> (Tag, Int) "quotient, likewise; tag 0 also for division by zero";
        PowInt = pow_int (Int, Int) -> (Int) "power, wrapping; traps on a negative exponent";

        // Tensors. A shape is an array of ints, `Tensor` a tensor of any type; a shape that no tensor can have traps.
        TensorNew = tensor_new (Type, Shape, Array) -> (SameType) "a tensor of that type and shape with the array's elements, converted; traps if they are more or fewer";
        TensorFill = tensor_fill (Type, Shape, Int) -> (SameType) "a tensor of which all elements are that number";
        TensorRandn = tensor_randn (Type, Shape, Int) -> (SameType) "normally distributed numbers from a seed; charges 16 for each";
        TensorReshape = tensor_reshape (Tensor, Shape) -> (SameArray) "a copy of another shape; traps if it has more or fewer elements";
        TensorTranspose = tensor_transpose (Tensor) -> (SameArray) "a copy with the order of the axes reversed";
        TensorOffset = tensor_offset (Tensor, ListInt) -> (Int) "where in the data the element with these indices is; traps when out of range or on another number of indices";
        TensorFind = tensor_find (Tensor, ListInt) -> (Int) "the same; -1 when out of range";

        // Capabilities.
        Available = available (Str) -> (Int) "whether the host granted any function of that capability";
    } };
}
