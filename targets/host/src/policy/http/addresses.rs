//! Which addresses are public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// IPv4 networks that are not the internet: IANA's registry of special ones, and multicast.
const SPECIAL: [([u8; 4], u8); 16] = [
    ([0, 0, 0, 0], 8),       // this host
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // of providers
    ([127, 0, 0, 0], 8),     // loopback
    ([169, 254, 0, 0], 16),  // link-local; clouds describe their machines there
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // protocols
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 31, 196, 0], 24), // protocols
    ([192, 88, 99, 0], 24),  // relays
    ([192, 168, 0, 0], 16),  // private
    ([198, 18, 0, 0], 15),   // measurements
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 4),     // multicast
    ([240, 0, 0, 0], 4),     // reserved, broadcast
];

/// Addresses that may be connected to.
#[derive(Debug)]
pub(super) struct Addresses {
    /// Allowed although they are special.
    listed: Vec<IpNet>,
}

impl Addresses {
    pub(super) fn new(listed: &[String]) -> Result<Self, String> {
        let net = |text: &String| {
            let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            net.map_err(|_| {
                format!("addresses: {text:?} is neither an address nor a network such as 10.1.0.0/16")
            })
        };
        Ok(Self { listed: listed.iter().map(net).collect::<Result<_, _>>()? })
    }

    pub(super) fn allow(&self, address: IpAddr) -> bool {
        // As it is written, and as what it stands for: a mapped address reaches the same machine.
        let listed = |address: IpAddr| self.listed.iter().any(|net| net.contains(&address));
        listed(address) || listed(address.to_canonical()) || is_public(address)
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL.iter().any(|(net, bits)| {
        let mask = u32::MAX << (32 - bits);
        address.to_bits() & mask == u32::from_be_bytes(*net)
    })
}

/// Only 2000::/3 is handed out; of that, what is not special, and what does not stand for an IPv4 address that is: tunnels and
/// translators take such a packet there.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, ..] = address.segments();
    match (a, b, c) {
        // 6to4.
        (0x2002, ..) => is_public_v4(Ipv4Addr::from_bits(u32::from(b) << 16 | u32::from(c))),
        // NAT64.
        (0x64, 0xff9b, 0) if address.segments().iter().take(6).skip(2).all(|&part| part == 0) => {
            is_public_v4(Ipv4Addr::from_bits(address.to_bits() as u32))
        }
        // Protocols, Teredo among them, and documentation.
        (0x2001, 0..=0x1ff, _) | (0x2001, 0xdb8, _) | (0x3fff, 0..=0xfff, _) => false,
        (0x2000..=0x3fff, ..) => true,
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_public() {
        let addresses = Addresses::new(&[]).unwrap();
        for public in
            ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "2002:0101:0101::1", "64:ff9b::1.1.1.1"]
        {
            assert!(addresses.allow(public.parse().unwrap()), "{public}");
        }
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1.1.1.1",
            "2002:7f00:1::1",
            "2002:0a00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "4000::1",
        ] {
            assert!(!addresses.allow(special.parse().unwrap()), "{special}");
        }
    }

    #[test]
    fn what_is_listed() {
        let addresses = Addresses::new(&["127.0.0.1".to_owned(), "fd12::/16".to_owned()]).unwrap();
        for listed in ["127.0.0.1", "::ffff:127.0.0.1", "fd12:3::4"] {
            assert!(addresses.allow(listed.parse().unwrap()), "{listed}");
        }
        for other in ["127.0.0.2", "::1", "fd13::1"] {
            assert!(!addresses.allow(other.parse().unwrap()), "{other}");
        }
        assert!(Addresses::new(&["localhost".to_owned()]).is_err());
    }
}
