//! The system calls that a command in a sandbox may not make, as a program for the kernel's packet filter.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// Calls that fail: they are for debuggers, modules of the kernel, mounts and namespaces, other processes' memory, keys and
/// clocks, or they are where most holes of the kernel were found lately.
const REFUSED: &[i64] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_adjtimex,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kcmp,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
];

/// Bits of `clone` that make namespaces.
const NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u64;

/// Families of sockets that are of use in a sandbox.
const FAMILIES: [i32; 3] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];

/// Marks the calls of x86-64's other interface, with 32-bit pointers; those from 512 to 547 are only there.
const X32: i64 = 0x4000_0000;

/// The filters as bubblewrap reads them: the kernel's instructions, one behind the other.
pub(super) fn programs() -> Result<[Vec<u8>; 2], String> {
    // What `clone3` is asked for lies in memory, which no filter sees. Where it is missing, libraries use `clone`.
    let missing = BTreeMap::from([(libc::SYS_clone3, Vec::new()), (libc::SYS_clone3 | X32, Vec::new())]);
    let made = rules().and_then(|rules| Ok([program(rules, libc::EPERM)?, program(missing, libc::ENOSYS)?]));
    made.map_err(|error| error.to_string())
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// A filter whose rules' calls fail with this error.
fn program(rules: Rules, error: i32) -> Result<Vec<u8>, BackendError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let refused = SeccompAction::Errno(error.unsigned_abs());
    let filter: BpfProgram = SeccompFilter::new(rules, SeccompAction::Allow, refused, arch)?.try_into()?;
    let bytes = filter.iter().flat_map(|one| {
        let [low, high] = one.code.to_ne_bytes();
        let [a, b, c, d] = one.k.to_ne_bytes();
        [low, high, one.jt, one.jf, a, b, c, d]
    });
    Ok(bytes.collect())
}

fn rules() -> Result<Rules, BackendError> {
    let is = |argument, op, value| SeccompCondition::new(argument, SeccompCmpArgLen::Dword, op, value);
    let mut rules: Rules = REFUSED.iter().map(|&number| (number, Vec::new())).collect();
    // One rule for each bit: the rules of a call are alternatives.
    let bits = (0..32).map(|bit| 1u64 << bit).filter(|bit| NAMESPACES & bit != 0);
    let cloned = bits.map(|bit| SeccompRule::new(vec![is(0, SeccompCmpOp::MaskedEq(bit), bit)?]));
    rules.insert(libc::SYS_clone, cloned.collect::<Result<_, _>>()?);
    // Characters put into a terminal's input.
    let pushed = [libc::TIOCSTI, libc::TIOCLINUX].map(|request| is(1, SeccompCmpOp::Eq, request));
    let pushed = pushed.into_iter().map(|condition| SeccompRule::new(vec![condition?]));
    rules.insert(libc::SYS_ioctl, pushed.collect::<Result<_, _>>()?);
    let other = FAMILIES.map(|family| is(0, SeccompCmpOp::Ne, u64::from(family.unsigned_abs())));
    let other = other.into_iter().collect::<Result<Vec<_>, _>>()?;
    rules.insert(libc::SYS_socket, vec![SeccompRule::new(other)?]);
    if cfg!(target_arch = "x86_64") {
        let twins: Vec<_> = rules.iter().map(|(number, rules)| (number | X32, rules.clone())).collect();
        rules.extend(twins);
        rules.extend((512..548).map(|number| (number | X32, Vec::new())));
    }
    Ok(rules)
}
