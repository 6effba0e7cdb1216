    .syntax unified
    .section .text.mog_memory, "ax", %progbits
    .p2align 1

    .macro mog_entry name
    .global \name
    .type \name, %function
    .thumb_func
\name:
    .endm

@ r0: to, r1: from, r2: bytes. Gives r0. The two may overlap.
    mog_entry __aeabi_memmove
    mog_entry __aeabi_memmove4
    mog_entry __aeabi_memmove8
    mog_entry memmove
    subs r3, r0, r1
    cmp r3, r2
    bhs 10f
    @ The end lies where it would be overwritten: from the last to the first.
    mov r3, r0
    orrs r3, r1
    orrs r3, r2
    lsls r3, #30
    beq 2f
1:  subs r2, #1
    blo 3f
    ldrb r3, [r1, r2]
    strb r3, [r0, r2]
    b 1b
2:  subs r2, #4
    blo 3f
    ldr r3, [r1, r2]
    str r3, [r0, r2]
    b 2b
3:  bx lr

@ The same for what does not overlap, or lies so that it can be copied from the first to the last.
    mog_entry __aeabi_memcpy
    mog_entry __aeabi_memcpy4
    mog_entry __aeabi_memcpy8
    mog_entry memcpy
10: push {r0, r4, r5, r6, r7, lr}
    mov r3, r0
    orrs r3, r1
    lsls r3, #30
    bne 13f
11: subs r2, #16
    blo 12f
    ldmia r1!, {r3, r4, r5, r6}
    stmia r0!, {r3, r4, r5, r6}
    b 11b
12: adds r2, #16
13: subs r2, #1
    blo 14f
    ldrb r3, [r1]
    strb r3, [r0]
    adds r1, #1
    adds r0, #1
    b 13b
14: pop {r0, r4, r5, r6, r7, pc}

@ r0 and r1: what is compared, r2: bytes. Gives the difference of the first that differ.
    mog_entry memcmp
    mog_entry bcmp
    push {r4, lr}
16: subs r2, #1
    blo 17f
    ldrb r3, [r0]
    ldrb r4, [r1]
    adds r0, #1
    adds r1, #1
    subs r3, r4
    beq 16b
    mov r0, r3
    pop {r4, pc}
17: movs r0, #0
    pop {r4, pc}

@ r0: where, r1: bytes; zeros.
    mog_entry __aeabi_memclr
    mog_entry __aeabi_memclr4
    mog_entry __aeabi_memclr8
    movs r2, #0
@ r0: where, r1: bytes, r2: what each becomes.
    mog_entry __aeabi_memset
    mog_entry __aeabi_memset4
    mog_entry __aeabi_memset8
    mov r3, r1
    mov r1, r2
    mov r2, r3
@ r0: where, r1: what each byte becomes, r2: bytes. Gives r0.
    mog_entry memset
    push {r0, r4, r5, lr}
    lsls r3, r0, #30
    bne 22f
    uxtb r1, r1
    lsls r3, r1, #8
    orrs r1, r3
    lsls r3, r1, #16
    orrs r1, r3
    mov r3, r1
20: subs r2, #8
    blo 21f
    stmia r0!, {r1, r3}
    b 20b
21: adds r2, #8
22: subs r2, #1
    blo 23f
    strb r1, [r0]
    adds r0, #1
    b 22b
23: pop {r0, r4, r5, pc}
