use super::globals::Global;
use super::input::Input;
use super::opcode::Opcode;
use super::value::{Heap, Value};
use super::{OPCODES, PickleError, Result, bad, rebuild};
use crate::checkpoint::printable_name::printable_name;
use std::collections::HashMap;
use std::io::Read;

/// Reads a pickle and returns its value. `budget` is the memory limit for its values.
pub(in super::super) fn load<R: Read>(input: &mut Input<R>, budget: u64) -> Result<(Value, Heap)> {
    input.begin_pickle();
    let mut machine = Machine::default();
    loop {
        let byte = input.byte()?;
        let Some(opcode) = Opcode::from_byte(byte) else {
            let sign = printable_name(&char::from(byte).to_string());
            return bad(format!("opcode 0x{byte:02x} ('{sign}') is not one that torch.save writes"));
        };
        machine.spend(1)?;
        if opcode == Opcode::STOP {
            let value = machine.pop()?;
            return Ok((value, machine.heap));
        }
        machine.step(opcode, input)?;
        if machine.memory() > budget {
            return bad("its values would take many times the size of the file in memory");
        }
    }
}

/// The stack machine of pickle.
#[derive(Debug, Default)]
struct Machine {
    heap: Heap,
    stack: Vec<Value>,
    /// The height of the stack at each open mark.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    spent: usize,
}

impl Machine {
    fn step<R: Read>(&mut self, opcode: Opcode, input: &mut Input<R>) -> Result<()> {
        use Opcode as Op;
        match opcode {
            Op::PROTO => check_protocol(input.byte()?),
            // Frames only matter for buffered reading.
            Op::FRAME => input.array::<8>().map(drop),
            Op::MARK => self.mark(),
            Op::POP => self.pop().map(drop),
            Op::POP_MARK => self.pop_mark().map(drop),

            Op::NONE => self.push(Value::None),
            Op::NEWTRUE => self.push(Value::Bool(true)),
            Op::NEWFALSE => self.push(Value::Bool(false)),
            Op::BININT => self.push(Value::Int(i64::from(i32::from_le_bytes(input.array()?)))),
            Op::BININT1 => self.push(Value::Int(i64::from(input.byte()?))),
            Op::BININT2 => self.push(Value::Int(i64::from(u16::from_le_bytes(input.array()?)))),
            Op::LONG1 => {
                let len = u64::from(input.byte()?);
                self.push(long(&input.bytes(len)?))
            }
            Op::BINFLOAT => input.array::<8>().and_then(|_| self.push(Value::Float)),
            Op::BINUNICODE | Op::BINSTRING => {
                let len = u64::from(u32::from_le_bytes(input.array()?));
                self.push_text(input.text(len)?)
            }
            Op::SHORT_BINUNICODE | Op::SHORT_BINSTRING => {
                let len = u64::from(input.byte()?);
                self.push_text(input.text(len)?)
            }
            Op::BINUNICODE8 => {
                let len = u64::from_le_bytes(input.array()?);
                self.push_text(input.text(len)?)
            }
            Op::BINBYTES => self.push_bytes(u32::from_le_bytes(input.array()?), input),
            Op::SHORT_BINBYTES => self.push_bytes(u32::from(input.byte()?), input),

            Op::EMPTY_TUPLE => self.tuple_of(0),
            Op::TUPLE => self.pop_mark().and_then(|items| self.push_tuple(items)),
            Op::TUPLE1 => self.tuple_of(1),
            Op::TUPLE2 => self.tuple_of(2),
            Op::TUPLE3 => self.tuple_of(3),
            Op::EMPTY_LIST => self.push_list(),
            Op::APPEND => self.pop().and_then(|item| self.append(vec![item])),
            Op::APPENDS => self.pop_mark().and_then(|items| self.append(items)),
            Op::EMPTY_DICT => self.push_dict(),
            Op::SETITEM => self.set_item(),
            Op::SETITEMS => self.pop_mark().and_then(|items| self.set_items(&items)),

            Op::BINPUT => self.memoize(u32::from(input.byte()?)),
            Op::LONG_BINPUT => self.memoize(u32::from_le_bytes(input.array()?)),
            Op::MEMOIZE => self.memoize(self.memo.len() as u32),
            Op::BINGET => self.recall(u32::from(input.byte()?)),
            Op::LONG_BINGET => self.recall(u32::from_le_bytes(input.array()?)),

            Op::GLOBAL => self.push_global(&input.line()?, &input.line()?),
            Op::STACK_GLOBAL => self.global_of_the_stack(),
            Op::REDUCE => self.reduce(),
            Op::BUILD => self.build(),
            Op::BINPERSID => self.persistent_id(),
            Op::STOP => Ok(()),
        }
    }

    fn mark(&mut self) -> Result<()> {
        self.marks.push(self.stack.len());
        Ok(())
    }

    fn global_of_the_stack(&mut self) -> Result<()> {
        let (name, module) = (self.pop()?, self.pop()?);
        let (Some(module), Some(name)) = (self.heap.as_text(module), self.heap.as_text(name)) else {
            return bad("a global is named by something else than strings");
        };
        let (module, name) = (module.to_owned(), name.to_owned());
        self.push_global(&module, &name)
    }

    fn reduce(&mut self) -> Result<()> {
        let (args, callable) = (self.pop()?, self.pop()?);
        let spent = &mut self.spent;
        let value = rebuild::reduce(&mut self.heap, callable, args, &mut |count| spend(spent, count))?;
        self.push(value)
    }

    /// Ignores the attributes of an OrderedDict: `_metadata` with the versions of the modules.
    fn build(&mut self) -> Result<()> {
        self.pop()?;
        match self.top()? {
            Value::Dict(_) => Ok(()),
            target => Err(PickleError::Unsafe(format!("it would set attributes of {}", target.describe()))),
        }
    }

    fn persistent_id(&mut self) -> Result<()> {
        let id = self.pop()?;
        let storage = rebuild::storage(&mut self.heap, id)?;
        self.push(storage)
    }

    /// Approximate memory of the values.
    fn memory(&self) -> u64 {
        let stack = self.stack.len() * size_of::<Value>() + self.marks.len() * size_of::<usize>();
        (stack + self.memo.len() * 2 * size_of::<(u32, Value)>() + self.heap.memory()) as u64
    }

    /// Counts steps against the limit per pickle.
    fn spend(&mut self, count: usize) -> Result<()> {
        spend(&mut self.spent, count)
    }

    fn push(&mut self, value: Value) -> Result<()> {
        self.stack.push(value);
        Ok(())
    }

    fn push_text(&mut self, text: String) -> Result<()> {
        let text = self.heap.add_text(text);
        self.push(text)
    }

    fn push_bytes<R: Read>(&mut self, len: u32, input: &mut Input<R>) -> Result<()> {
        input.bytes(u64::from(len))?;
        self.push(Value::Bytes)
    }

    fn push_tuple(&mut self, items: Vec<Value>) -> Result<()> {
        let tuple = self.heap.add_tuple(items);
        self.push(tuple)
    }

    fn push_list(&mut self) -> Result<()> {
        let list = self.heap.add_list(Vec::new());
        self.push(list)
    }

    fn push_dict(&mut self) -> Result<()> {
        let dict = self.heap.add_dict(Vec::new());
        self.push(dict)
    }

    fn push_global(&mut self, module: &str, name: &str) -> Result<()> {
        if (module, name) == ("torch._utils", "_rebuild_tensor_v3") || module == "torch" && name.starts_with("float8") {
            return bad(
                "it holds tensors of a dtype that is not supported, such as a float of 8 bits: save the model in bfloat16",
            );
        }
        let Some(global) = Global::find(module, name) else {
            return Err(PickleError::Unsafe(format!(
                "it asks for `{}.{}`",
                printable_name(module),
                printable_name(name)
            )));
        };
        self.push(Value::Global(global))
    }

    /// The height of the stack at the last mark, below which nothing may be popped.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Value> {
        match self.stack.last() {
            Some(value) if self.stack.len() > self.floor() => Ok(*value),
            _ => bad("it takes a value from an empty stack"),
        }
    }

    fn pop(&mut self) -> Result<Value> {
        let value = self.top()?;
        self.stack.pop();
        Ok(value)
    }

    /// Pops the values above the last mark, and the mark.
    fn pop_mark(&mut self) -> Result<Vec<Value>> {
        match self.marks.pop() {
            Some(height) => Ok(self.stack.drain(height..).collect()),
            None => bad("it closes a mark that was never set"),
        }
    }

    fn tuple_of(&mut self, count: usize) -> Result<()> {
        match self.stack.len().checked_sub(count).filter(|height| *height >= self.floor()) {
            Some(height) => {
                let items = self.stack.drain(height..).collect();
                self.push_tuple(items)
            }
            None => bad("it makes a tuple of more values than the stack holds"),
        }
    }

    fn append(&mut self, items: Vec<Value>) -> Result<()> {
        let target = self.top()?;
        match self.heap.list_mut(target) {
            Some(list) => list.extend(&items),
            None => return bad(format!("it appends to {}", target.describe())),
        }
        self.heap.grew(items.len());
        Ok(())
    }

    fn set_item(&mut self) -> Result<()> {
        let (value, key) = (self.pop()?, self.pop()?);
        self.set_items(&[key, value])
    }

    fn set_items(&mut self, items: &[Value]) -> Result<()> {
        let target = self.top()?;
        let (pairs, rest) = items.as_chunks::<2>();
        match self.heap.dict_mut(target) {
            Some(dict) if rest.is_empty() => dict.extend(pairs.iter().map(|&[key, value]| (key, value))),
            Some(_) => return bad("a dict is given a key without a value"),
            None => return bad(format!("it sets items of {}", target.describe())),
        }
        self.heap.grew(items.len());
        Ok(())
    }

    fn memoize(&mut self, number: u32) -> Result<()> {
        let value = self.top()?;
        self.memo.insert(number, value);
        Ok(())
    }

    fn recall(&mut self, number: u32) -> Result<()> {
        match self.memo.get(&number) {
            Some(value) => self.push(*value),
            None => bad(format!("it recalls value {number}, which it never stored")),
        }
    }
}

fn check_protocol(version: u8) -> Result<()> {
    if version > 5 { bad(format!("pickle protocol {version} is unknown")) } else { Ok(()) }
}

fn spend(spent: &mut usize, count: usize) -> Result<()> {
    *spent = spent.saturating_add(count);
    if *spent > OPCODES {
        return bad(format!("it takes more than {OPCODES} steps"));
    }
    Ok(())
}

/// A little-endian two's complement integer of any length.
fn long(bytes: &[u8]) -> Value {
    if bytes.len() > 8 {
        return Value::Bytes;
    }
    let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
    let mut whole = if negative { [0xff; 8] } else { [0; 8] };
    whole.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    Value::Int(i64::from_le_bytes(whole))
}
