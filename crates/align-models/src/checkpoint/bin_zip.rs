use super::entry::Entry;
use super::error::{Result, malformed};
use super::pickle::{self, StorageRef};
use super::printable_name::printable_name;
use super::source::Source;
use super::state_dict::{self, Extent};
use super::zip_directory::{Member, members};

/// The tensors in a zip archive written by torch 1.6 or later: `ROOT/data.pkl` describes the tensors, and `ROOT/data/KEY` contains a
/// storage.
pub(super) fn entries(source: &Source, file: usize) -> Result<Vec<Entry>> {
    let fault = |reason: String| malformed(&source.path, reason);
    let members = members(source)?;
    let mut roots = members.keys().filter_map(|name| name.strip_suffix("/data.pkl")).filter(|root| !root.contains('/'));
    let root = match (roots.next(), roots.next()) {
        (Some(root), None) => root.to_owned(),
        (None, _) => {
            return Err(fault("is a zip archive without data.pkl: torch.save did not write it".to_owned()));
        }
        _ => return Err(fault("is a zip archive with more than one data.pkl".to_owned())),
    };
    let member = |name: &str| members.get(&format!("{root}/{name}")).copied();
    if member("constants.pkl").is_some() {
        return Err(fault("is a TorchScript archive, not a state dict: save the model's state_dict()".to_owned()));
    }
    if let Some(order) = member("byteorder") {
        let order = contents(source, order, 16)?;
        if order != b"little" {
            return Err(fault(format!("has byte order {:?}, only little is read", String::from_utf8_lossy(&order))));
        }
    }
    let Some(pickled) = member("data.pkl") else {
        return Err(fault("has no data.pkl".to_owned()));
    };
    let bytes = contents(source, pickled, pickle::LIMIT)?;
    let budget = pickle::budget(source.len);
    let (value, heap) = pickle::load(&mut pickle::Input::new(bytes.as_slice(), bytes.len() as u64), budget)
        .map_err(|error| error.at(&source.path))?;

    let extent = |storage: &StorageRef, key: &str| -> std::result::Result<Extent, String> {
        if storage.view.is_some() {
            return Err(format!("storage `{}` is a view, which only the older format has", printable_name(key)));
        }
        let member =
            member(&format!("data/{key}")).ok_or_else(|| format!("holds no storage `{}`", printable_name(key)))?;
        if storage.numel.checked_mul(storage.kind.elt_size_in_bytes() as u64) != Some(member.len) {
            return Err(format!(
                "storage `{}` should be {} × {:?}, its member is {} bytes long",
                printable_name(key),
                storage.numel,
                storage.kind,
                member.len
            ));
        }
        Ok(Extent { start: member.start, numel: storage.numel, crc: member.crc })
    };
    state_dict::entries(value, &heap, file, budget, extent).map_err(fault)
}

/// Reads a small member.
fn contents(source: &Source, member: Member, most: u64) -> Result<Vec<u8>> {
    let fault = |reason: String| malformed(&source.path, reason);
    if member.len > most {
        return Err(fault(format!("describes its tensors in {} bytes, at most {most} are read", member.len)));
    }
    let mut bytes = vec![0; member.len as usize];
    source.read_at(&mut bytes, member.start)?;
    if member.crc.is_some_and(|crc| crc != crc32fast::hash(&bytes)) {
        return Err(fault(
            "is damaged: the checksum of a member does not match the stored one; download the file again".to_owned(),
        ));
    }
    Ok(bytes)
}
