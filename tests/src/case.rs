//! Stored cases: a program, the directives at its top, and the expected output beside it.
//!
//! ```text
//! //! args: --grant kv,log --deny log.error      extra arguments of `mog run`, split at spaces
//! //! exit: 70                                   expected exit code; 0 if absent; `70 71` allows either
//! //! stderr: division by zero                   must occur in stderr; may be repeated
//! //! not-stderr: warning                        must not occur in stderr; may be repeated
//! //! stdout: any                                the output is not compared with a file
//! //! without: gc-stress                         a variant that makes no sense for this case, or `evaluator`
//! //! module: imported by area                   no case: a source that cases beside it import
//! ```
//!
//! Expected output is in `<name>.out`; without that file a case must print nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One stored program and what it must do.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// Folder and file stem, such as `arrays/push_pop`.
    pub name: String,
    /// The program's file, absolute.
    pub path: PathBuf,
    /// More arguments for `mog run`.
    pub args: Vec<String>,
    /// The exit code that is due; several where the contract leaves open which.
    pub exits: Vec<i32>,
    /// Texts that must occur in stderr.
    pub stderr: Vec<String>,
    /// Texts that must not occur in stderr.
    pub not_stderr: Vec<String>,
    /// The output that is due; `None` if it is not compared with a file.
    pub stdout: Option<Vec<u8>>,
    /// Names of variants that are left out.
    pub without: Vec<String>,
}

impl Case {
    /// Reads the case in `path`, whose name is taken relative to `root`.
    ///
    /// # Errors
    ///
    /// A message naming the file, if it cannot be read or a directive is not understood.
    pub fn read(root: &Path, path: &Path) -> Result<Self, String> {
        let source = fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let name = path.strip_prefix(root).unwrap_or(path).with_extension("");
        let mut case = Self {
            name: name.to_string_lossy().replace('\\', "/"),
            path: path.to_path_buf(),
            exits: vec![0],
            stdout: Some(expected_output(path)?),
            ..Self::default()
        };
        case.apply_directives(&String::from_utf8_lossy(&source))?;
        Ok(case)
    }

    fn apply_directives(&mut self, source: &str) -> Result<(), String> {
        for line in source.lines().map_while(|line| line.strip_prefix("//! ")) {
            let (key, value) = line
                .split_once(':')
                .ok_or_else(|| format!("{}: directive without `:`: {line}", self.name))?;
            let value = value.trim();
            match key {
                "args" => self.args.extend(value.split_whitespace().map(str::to_owned)),
                "exit" => {
                    let codes = value.split_whitespace().map(str::parse).collect::<Result<_, _>>();
                    self.exits = codes.map_err(|e| format!("{}: exit: {e}", self.name))?;
                }
                "stderr" => self.stderr.push(value.to_owned()),
                "not-stderr" => self.not_stderr.push(value.to_owned()),
                "stdout" if value == "any" => self.stdout = None,
                "without" => self.without.extend(value.split_whitespace().map(str::to_owned)),
                _ => return Err(format!("{}: unknown directive: {line}", self.name)),
            }
        }
        Ok(())
    }

    /// Whether the compiler must reject the program, so that nothing runs.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.exits == [65]
    }
}

fn expected_output(program: &Path) -> Result<Vec<u8>, String> {
    let path = program.with_extension("out");
    match fs::read(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(|e| format!("{}: {e}", path.display())),
    }
}

/// All cases below `root`, by name.
///
/// # Errors
///
/// A message naming the file that cannot be read or understood.
pub fn read_all(root: &Path) -> Result<Vec<Case>, String> {
    let paths = programs(root).map_err(|e| format!("{}: {e}", root.display()))?;
    paths.iter().map(|path| Case::read(root, path)).collect()
}

/// All programs below `root`, by path, without the modules that they import.
///
/// # Errors
///
/// A file or folder that cannot be read.
pub fn programs(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut programs = Vec::new();
    for path in files_below(root)? {
        if path.extension().is_some_and(|extension| extension == "mog")
            && !fs::read(&path)?.starts_with(b"//! module: ")
        {
            programs.push(path);
        }
    }
    programs.sort();
    Ok(programs)
}

/// Expected outputs below `root` that no program goes with.
///
/// # Errors
///
/// A folder that cannot be read.
pub fn orphans(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = files_below(root)?;
    files.retain(|path| {
        path.extension().is_some_and(|extension| extension == "out") && !path.with_extension("mog").exists()
    });
    Ok(files)
}

/// All files below a folder.
///
/// # Errors
///
/// A folder that cannot be read.
pub fn files_below(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = vec![root.to_path_buf()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}
