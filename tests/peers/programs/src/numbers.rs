//! Programs of numbers and arrays.

/// Calls. The addition is checked, which keeps the compiler from making a loop of one of the two.
#[must_use]
pub fn fib(n: i64) -> i64 {
    if n < 2 { n } else { fib(n - 1).checked_add(fib(n - 2)).unwrap_or(0) }
}

/// Integer arithmetic, each round with what the last one gave.
#[must_use]
pub fn mix(n: i64) -> i64 {
    let (mut x, mut sum) = (12345, 0);
    for i in 1..=n {
        x = (x * 5 + i) & 0x00ff_ffff;
        sum += x ^ (i & 255);
    }
    sum
}

/// Counts the primes up to a number.
#[must_use]
pub fn sieve(n: i64) -> i64 {
    let n = n as usize;
    let mut prime = vec![true; n + 1];
    let mut count = 0;
    for i in 2..=n {
        if prime[i] {
            count += 1;
            // No square beyond the largest number, on a machine of 32 bits.
            let square = i.checked_mul(i).unwrap_or(n + 1);
            for multiple in (square..=n).step_by(i) {
                prime[multiple] = false;
            }
        }
    }
    count
}

#[derive(Clone, Copy)]
struct Body {
    x: f64,
    y: f64,
    z: f64,
    vx: f64,
    vy: f64,
    vz: f64,
    mass: f64,
}

const SOLAR_MASS: f64 = 4.0 * std::f64::consts::PI * std::f64::consts::PI;
const DAYS: f64 = 365.24;

/// Place, velocity and mass of the planets.
#[rustfmt::skip]
const PLANETS: [[f64; 7]; 4] = [
    [4.841_431_442_464_720_9, -1.160_320_044_027_428_39, -0.103_622_044_471_123_109,
     0.001_660_076_642_744_036_94, 0.007_699_011_184_197_404_25, -0.000_069_046_001_697_206_302_3, 0.000_954_791_938_424_326_609],
    [8.343_366_718_244_579_87, 4.124_798_564_124_304_79, -0.403_523_417_114_321_381,
     -0.002_767_425_107_264_111_78, 0.004_998_528_012_349_172_38, 0.000_023_041_729_757_376_392_9, 0.000_285_885_980_666_130_812],
    [12.894_369_562_139_131, -15.111_151_401_698_631_2, -0.223_307_578_892_655_734,
     0.002_964_601_375_647_616_18, 0.002_378_471_739_594_809_5, -0.000_029_658_956_854_023_755_6, 0.000_043_662_440_433_515_629_8],
    [15.379_697_114_850_916_5, -25.919_314_609_987_964_1, 0.179_258_772_950_371_181,
     0.002_680_677_724_903_893_22, 0.001_628_241_700_382_422_95, -0.000_095_159_225_451_971_587, 0.000_051_513_890_204_661_145_1],
];

fn solar_system() -> [Body; 5] {
    let mut bodies = [Body { x: 0.0, y: 0.0, z: 0.0, vx: 0.0, vy: 0.0, vz: 0.0, mass: SOLAR_MASS }; 5];
    let (mut px, mut py, mut pz) = (0.0, 0.0, 0.0);
    for (body, [x, y, z, vx, vy, vz, mass]) in bodies.iter_mut().skip(1).zip(PLANETS) {
        *body = Body { x, y, z, vx: vx * DAYS, vy: vy * DAYS, vz: vz * DAYS, mass: mass * SOLAR_MASS };
        px += body.vx * body.mass;
        py += body.vy * body.mass;
        pz += body.vz * body.mass;
    }
    let sun = &mut bodies[0];
    (sun.vx, sun.vy, sun.vz) = (-px / SOLAR_MASS, -py / SOLAR_MASS, -pz / SOLAR_MASS);
    bodies
}

fn advance(bodies: &mut [Body], dt: f64) {
    for i in 0..bodies.len() {
        for j in i + 1..bodies.len() {
            let (a, b) = (bodies[i], bodies[j]);
            let (dx, dy, dz) = (a.x - b.x, a.y - b.y, a.z - b.z);
            let squared = dx * dx + dy * dy + dz * dz;
            let magnitude = dt / (squared * squared.sqrt());
            let pull = b.mass * magnitude;
            bodies[i].vx -= dx * pull;
            bodies[i].vy -= dy * pull;
            bodies[i].vz -= dz * pull;
            let pull = a.mass * magnitude;
            bodies[j].vx += dx * pull;
            bodies[j].vy += dy * pull;
            bodies[j].vz += dz * pull;
        }
    }
    for body in bodies {
        body.x += dt * body.vx;
        body.y += dt * body.vy;
        body.z += dt * body.vz;
    }
}

fn energy(bodies: &[Body]) -> f64 {
    let mut energy = 0.0;
    for (i, a) in bodies.iter().enumerate() {
        energy += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz);
        for b in bodies.iter().skip(i + 1) {
            let (dx, dy, dz) = (a.x - b.x, a.y - b.y, a.z - b.z);
            energy -= a.mass * b.mass / (dx * dx + dy * dy + dz * dz).sqrt();
        }
    }
    energy
}

/// Floats in structs: the sun and four planets.
#[must_use]
pub fn nbody(n: i64) -> f64 {
    let mut bodies = solar_system();
    for _ in 0..n {
        advance(&mut bodies, 0.01);
    }
    energy(&bodies)
}

/// Floats in nested loops.
#[must_use]
pub fn mandel(n: i64) -> i64 {
    let mut total = 0;
    for y in 0..n {
        let ci = 2.0 * (y as f64) / (n as f64) - 1.0;
        for x in 0..n {
            let cr = 2.0 * (x as f64) / (n as f64) - 1.5;
            let (mut zr, mut zi, mut rounds) = (0.0, 0.0, 0);
            while rounds < 50 {
                let (zr2, zi2) = (zr * zr, zi * zi);
                if zr2 + zi2 > 4.0 {
                    break;
                }
                zi = 2.0 * zr * zi + ci;
                zr = zr2 - zi2 + cr;
                rounds += 1;
            }
            total += rounds;
        }
    }
    total
}

/// Small arrays of integers.
#[must_use]
pub fn fannkuch(n: i64) -> i64 {
    let n = n as usize;
    let mut p: Vec<usize> = (0..n).collect();
    let (mut q, mut s) = (p.clone(), p.clone());
    let (mut sign, mut max_flips, mut sum) = (1, 0, 0);
    loop {
        let mut q0 = p[0];
        if q0 != 0 {
            q[1..].copy_from_slice(&p[1..]);
            let mut flips = 1;
            loop {
                let next = q[q0];
                if next == 0 {
                    sum += sign * flips;
                    max_flips = max_flips.max(flips);
                    break;
                }
                q[q0] = q0;
                if q0 >= 3 {
                    let (mut i, mut j) = (1, q0 - 1);
                    while i < j {
                        q.swap(i, j);
                        i += 1;
                        j -= 1;
                    }
                }
                q0 = next;
                flips += 1;
            }
        }
        if sign == 1 {
            p.swap(0, 1);
            sign = -1;
        } else {
            p.swap(1, 2);
            sign = 1;
            for i in 2..n {
                let left = s[i];
                if left != 0 {
                    s[i] = left - 1;
                    break;
                }
                if i == n - 1 {
                    return sum * 100 + max_flips;
                }
                s[i] = i;
                let first = p[0];
                for j in 0..=i {
                    p[j] = p[j + 1];
                }
                p[i + 1] = first;
            }
        }
    }
}

/// Two-dimensional arrays of floats.
#[must_use]
pub fn matmul(n: i64) -> f64 {
    let n = n as usize;
    let matrix = |factor: f64| -> Vec<f64> {
        (0..n * n).map(|at| (at / n) as f64 + (at % n) as f64 * factor).collect()
    };
    let (a, b) = (matrix(0.5), matrix(-0.25));
    let mut c = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            let mut sum = 0.0;
            for k in 0..n {
                sum += a[i * n + k] * b[k * n + j];
            }
            c[i * n + j] = sum;
        }
    }
    (0..n).map(|i| c[i * n + i]).sum()
}

/// A sort written in the language: comparisons and swaps.
#[must_use]
pub fn qsort(n: i64) -> i64 {
    let mut seed = 42;
    let mut a = Vec::new();
    for _ in 0..n {
        seed = seed * 16807 % 2_147_483_647;
        a.push(seed);
    }
    sort_range(&mut a, 0, n - 1);
    let mut hash = a[0] % 1000;
    for pair in a.windows(2) {
        if pair[1] < pair[0] {
            return -1;
        }
        hash = (hash * 31 + pair[1]) % 1_000_003;
    }
    hash
}

fn sort_range(a: &mut [i64], first: i64, last: i64) {
    let mut stack = vec![(first, last)];
    while let Some((mut lo, mut hi)) = stack.pop() {
        while lo < hi {
            let pivot = a[((lo + hi) / 2) as usize];
            let (mut i, mut j) = (lo, hi);
            while i <= j {
                while a[i as usize] < pivot {
                    i += 1;
                }
                while a[j as usize] > pivot {
                    j -= 1;
                }
                if i <= j {
                    a.swap(i as usize, j as usize);
                    i += 1;
                    j -= 1;
                }
            }
            if j - lo < hi - i {
                if i < hi {
                    stack.push((i, hi));
                }
                hi = j;
            } else {
                if lo < j {
                    stack.push((lo, j));
                }
                lo = i;
            }
        }
    }
}
