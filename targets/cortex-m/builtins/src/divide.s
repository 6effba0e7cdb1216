    .syntax unified
    .section .text.mog_divide, "ax", %progbits
    .p2align 1

@ r0, r1 divided by r2, r3, unsigned: the quotient in r0, r1, the remainder in r2, r3.
    .global __aeabi_uldivmod
    .type __aeabi_uldivmod, %function
    .thumb_func
__aeabi_uldivmod:
    push {r4, r5, r6, r7, lr}
    mov r4, r0
    mov r5, r1
    mov r6, r2
    mov r7, r3
    movs r3, #0
    .if MOG_DIVIDES
    orrs r1, r7
    bne 1f
    udiv r0, r4, r6
    mov r2, r0
    muls r2, r6, r2
    subs r2, r4, r2
    pop {r4, r5, r6, r7, pc}
    .endif
1:  movs r2, #0
    movs r0, #64
    @ r4, r5: what is left of the number, and the quotient so far; r2, r3: the remainder so far.
2:  adds r4, r4
    adcs r5, r5
    adcs r2, r2
    adcs r3, r3
    @ No carry: of so many bits as were shifted, the remainder has 64 only after the last.
    mov r1, r2
    subs r1, r6
    mov r1, r3
    sbcs r1, r7
    blo 3f
    subs r2, r6
    sbcs r3, r7
    adds r4, #1
3:  subs r0, #1
    bne 2b
    mov r0, r4
    mov r1, r5
    pop {r4, r5, r6, r7, pc}

@ Replaces a number of two registers by its negative. Takes r6.
    .macro mog_negate low, high
    movs r6, #0
    rsbs \low, \low, #0
    sbcs r6, \high
    mov \high, r6
    .endm

@ The same, signed: the quotient is rounded towards zero, the remainder has the sign of what is divided.
    .global __aeabi_ldivmod
    .type __aeabi_ldivmod, %function
    .thumb_func
__aeabi_ldivmod:
    push {r4, r5, r6, lr}
    mov r4, r1
    mov r5, r1
    eors r5, r3
    cmp r1, #0
    bpl 1f
    mog_negate r0, r1
1:  cmp r3, #0
    bpl 2f
    mog_negate r2, r3
2:  bl __aeabi_uldivmod
    cmp r5, #0
    bpl 3f
    mog_negate r0, r1
3:  cmp r4, #0
    bpl 4f
    mog_negate r2, r3
4:  pop {r4, r5, r6, pc}
