//! What a component consists of, counted before it is compiled.
//!
//! Compiling takes time and memory that nothing can stop on the way, and not in proportion to the size: 12 KB of
//! nested loops over a thousand locals take half a minute, and a component that instantiates another one ten
//! times, six levels deep, a million instances. The limits were set between what CPython as a component has, the
//! largest program that people build as one (18 MB, 13,363 functions, of which no one has more than 271 locals,
//! 81 loops and 6 of them nested), and components made to be slow. The factors of [`Function::cost`] are those of
//! wasmtime 48.0.8.

use wasmparser::{ComponentInstance, FunctionBody, Operator, Parser, Payload};

/// The most bytes of a plugin's file.
pub(crate) const MOST_FILE_BYTES: u64 = 128 << 20;

/// The deepest nesting of components and modules. Toolchains nest two deep.
const MOST_DEPTH: u64 = 8;

/// The most components and modules inside one. CPython has 16, and one for each library beside it.
const MOST_PARTS: u64 = 512;

/// The most instances of components that are made. The compiler copies a component for each of them, and theirs
/// inside it: by so many, to some thousands.
const MOST_COMPONENT_INSTANCES: u64 = 24;

/// The most functions, in all modules together. Each takes some KiB in the compiler.
const MOST_FUNCTIONS: u64 = 60_000;

/// The most types, imports, exports, aliases, instances, tables, globals, segments and the like together.
const MOST_ITEMS: u64 = 200_000;

/// The most bytes that define types. CPython's take 18 KB.
const MOST_TYPE_BYTES: u64 = 1 << 20;

/// The most bytes of one function. The largest of CPython, which fills its tables, has 427 KB.
const MOST_BODY_BYTES: u64 = 1 << 20;

/// The most locals of one function.
const MOST_LOCALS: u64 = 5_000;

/// The most loops of one function.
const MOST_LOOPS: u64 = 1_000;

/// The deepest nesting of loops.
const MOST_NESTED_LOOPS: u64 = 100;

/// The most blocks, branches and targets of branch tables of one function. CPython has 16,155 in one.
const MOST_BRANCHES: u64 = 40_000;

/// The most that one function may cost to compile, in microseconds at worst.
const MOST_FUNCTION_COST: u64 = 4_000_000;

/// The most that a component may cost to compile, in microseconds at worst. CPython counts 29 seconds.
const MOST_COST: u64 = 120_000_000;

/// Refuses a component that would take too long or too much memory to compile.
///
/// # Errors
/// Says what there is too much of, or what is malformed.
pub(super) fn judge(bytes: &[u8]) -> Result<(), String> {
    let mut counts = Counts::default();
    for payload in Parser::new(0).parse_all(bytes) {
        counts.add(payload.map_err(malformed)?)?;
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Counts {
    depth: u64,
    parts: u64,
    component_instances: u64,
    functions: u64,
    items: u64,
    type_bytes: u64,
    cost: u64,
}

impl Counts {
    fn add(&mut self, payload: Payload<'_>) -> Result<(), String> {
        use Payload::{
            CodeSectionEntry, CodeSectionStart, ComponentAliasSection, ComponentCanonicalSection,
            ComponentExportSection, ComponentImportSection, ComponentInstanceSection, ComponentSection,
            ComponentTypeSection, CoreTypeSection, CustomSection, DataSection, ElementSection, End,
            ExportSection, FunctionSection, GlobalSection, ImportSection, InstanceSection, MemorySection,
            ModuleSection, TableSection, TagSection, TypeSection,
        };
        match payload {
            ModuleSection { .. } | ComponentSection { .. } => {
                self.depth += 1;
                self.parts += 1;
                within("levels of nested components", self.depth, MOST_DEPTH)?;
                within("nested components and modules", self.parts, MOST_PARTS)?;
            }
            End(_) => self.depth = self.depth.saturating_sub(1),
            CodeSectionStart { count, .. } => {
                self.functions += u64::from(count);
                within("functions", self.functions, MOST_FUNCTIONS)?;
            }
            CodeSectionEntry(body) => {
                self.cost += Function::of(&body).map_err(malformed)?.judge()?;
                within("microseconds of compilation ahead", self.cost, MOST_COST)?;
            }
            TypeSection(types) => self.types(types.count(), types.range())?,
            CoreTypeSection(types) => self.types(types.count(), types.range())?,
            ComponentTypeSection(types) => self.types(types.count(), types.range())?,
            ImportSection(items) => self.items(items.count())?,
            ExportSection(items) => self.items(items.count())?,
            FunctionSection(items) => within("functions", items.count().into(), MOST_FUNCTIONS)?,
            TableSection(items) => self.items(items.count())?,
            MemorySection(items) => self.items(items.count())?,
            TagSection(items) => self.items(items.count())?,
            GlobalSection(items) => self.items(items.count())?,
            ElementSection(items) => self.items(items.count())?,
            DataSection(items) => self.items(items.count())?,
            InstanceSection(items) => self.items(items.count())?,
            ComponentInstanceSection(items) => {
                self.items(items.count())?;
                for instance in items {
                    let made = matches!(instance.map_err(malformed)?, ComponentInstance::Instantiate { .. });
                    self.component_instances += u64::from(made);
                }
                within("instances of components", self.component_instances, MOST_COMPONENT_INSTANCES)?;
            }
            ComponentAliasSection(items) => self.items(items.count())?,
            ComponentCanonicalSection(items) => self.items(items.count())?,
            ComponentImportSection(items) => self.items(items.count())?,
            ComponentExportSection(items) => self.items(items.count())?,
            CustomSection(_) => self.items(1)?,
            _ => {}
        }
        Ok(())
    }

    fn types(&mut self, count: u32, range: std::ops::Range<usize>) -> Result<(), String> {
        self.type_bytes += range.len() as u64;
        within("bytes of types", self.type_bytes, MOST_TYPE_BYTES)?;
        self.items(count)
    }

    fn items(&mut self, count: u32) -> Result<(), String> {
        self.items += u64::from(count);
        within("types, imports, exports, instances and segments", self.items, MOST_ITEMS)
    }
}

/// What the time to compile a function depends on.
#[derive(Debug, Default)]
struct Function {
    bytes: u64,
    locals: u64,
    branches: u64,
    loops: u64,
    nested_loops: u64,
}

impl Function {
    fn of(body: &FunctionBody<'_>) -> wasmparser::Result<Self> {
        let mut function = Function { bytes: body.range().len() as u64, ..Function::default() };
        for group in body.get_locals_reader()? {
            function.locals += u64::from(group?.0);
        }
        // Whether each open block is a loop.
        let mut open: Vec<bool> = Vec::new();
        let mut nested = 0;
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::Loop { .. } => {
                    open.push(true);
                    nested += 1;
                    function.loops += 1;
                    function.branches += 1;
                    function.nested_loops = function.nested_loops.max(nested);
                }
                Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                    open.push(false);
                    function.branches += 1;
                }
                Operator::End => nested -= u64::from(open.pop() == Some(true)),
                Operator::Br { .. } | Operator::BrIf { .. } => function.branches += 1,
                Operator::BrTable { targets } => function.branches += u64::from(targets.len()) + 1,
                _ => {}
            }
        }
        Ok(function)
    }

    /// Its cost, where it is within the limits.
    fn judge(&self) -> Result<u64, String> {
        within("bytes in one function", self.bytes, MOST_BODY_BYTES)?;
        within("locals in one function", self.locals, MOST_LOCALS)?;
        within("loops in one function", self.loops, MOST_LOOPS)?;
        within("levels of nested loops", self.nested_loops, MOST_NESTED_LOOPS)?;
        within("blocks and branches in one function", self.branches, MOST_BRANCHES)?;
        let cost = self.cost();
        within("microseconds of compilation ahead for one function", cost, MOST_FUNCTION_COST)?;
        Ok(cost)
    }

    /// Microseconds that it takes to compile at worst, on a slow machine.
    fn cost(&self) -> u64 {
        let Function { bytes, locals, branches, loops, nested_loops } = *self;
        let walks = branches.saturating_mul(branches) / 1_000 + loops.saturating_mul(loops) / 5;
        let merges = branches.saturating_mul(locals).saturating_mul(2);
        let carried = locals.saturating_mul(locals).saturating_mul(nested_loops) / 140;
        [33, 3 * bytes, walks, merges, carried].into_iter().fold(0, u64::saturating_add)
    }
}

fn malformed(error: wasmparser::BinaryReaderError) -> String {
    format!("the component is malformed: {error}")
}

fn within(what: &str, count: u64, most: u64) -> Result<(), String> {
    if count <= most {
        return Ok(());
    }
    Err(format!(
        "the component has {count} {what}, and at most {most} are compiled: its author can split it up"
    ))
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        BlockType, CodeSection, Component, ComponentExportKind, ComponentInstanceSection, Function as Code,
        FunctionSection, Instruction, Module, ModuleSection, NestedComponentSection, TypeSection, ValType,
    };

    use super::*;

    /// A component with these functions, all of type `(i32) -> ()`.
    fn component(functions: &[Code]) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([ValType::I32], []);
        let (mut declared, mut code) = (FunctionSection::new(), CodeSection::new());
        for function in functions {
            declared.function(0);
            code.function(function);
        }
        let mut module = Module::new();
        module.section(&types).section(&declared).section(&code);
        let mut component = Component::new();
        component.section(&ModuleSection(&module));
        component.finish()
    }

    fn function(locals: u32, instructions: impl IntoIterator<Item = Instruction<'static>>) -> Code {
        let mut function = Code::new([(locals, ValType::I32)]);
        for instruction in instructions {
            function.instruction(&instruction);
        }
        function.instruction(&Instruction::End);
        function
    }

    fn refused(bytes: &[u8]) -> String {
        judge(bytes).unwrap_err()
    }

    const BLOCK: [Instruction<'static>; 4] = [
        Instruction::Block(BlockType::Empty),
        Instruction::LocalGet(0),
        Instruction::BrIf(0),
        Instruction::End,
    ];

    #[test]
    fn functions_that_take_long_to_compile_are_refused() {
        let repeat =
            |n: usize, of: &[Instruction<'static>]| of.iter().cycle().take(n * of.len()).cloned().collect();
        let chained: Vec<_> = repeat(143_000, &BLOCK);
        assert!(component(&[function(0, chained.clone())]).len() > 1_000_000);
        assert!(refused(&component(&[function(0, chained)])).contains("blocks and branches"));
        let chained: Vec<_> = repeat(15_000, &BLOCK);
        assert!(refused(&component(&[function(1_000, chained.clone())])).contains("for one function"));
        assert_eq!(judge(&component(&[function(20, chained)])), Ok(()));

        let open = Instruction::Loop(BlockType::Empty);
        let loops: Vec<_> = repeat(5_000, &[open.clone(), Instruction::End]);
        assert!(refused(&component(&[function(0, loops)])).contains("loops in one"));
        let mut nested: Vec<_> = repeat(500, std::slice::from_ref(&open));
        nested.extend(vec![Instruction::End; 500]);
        assert!(refused(&component(&[function(1_000, nested)])).contains("nested loops"));

        let targets: Vec<u32> = vec![0; 100_000];
        let table = Instruction::BrTable(targets.into(), 0);
        assert!(refused(&component(&[function(0, [Instruction::LocalGet(0), table])])).contains("branches"));
        assert!(refused(&component(&[function(50_000, [])])).contains("locals"));
        let straight = (0..400_000).flat_map(|_| [Instruction::LocalGet(0), Instruction::Drop]);
        assert!(
            refused(&component(&[function(0, straight.collect::<Vec<_>>())]))
                .contains("bytes in one function")
        );
    }

    #[test]
    fn what_is_little_alone_counts_together() {
        let empty = function(0, []);
        assert_eq!(judge(&component(&vec![empty.clone(); 50_000])), Ok(()));
        assert!(refused(&component(&vec![empty; 100_000])).contains("100000 functions"));
        let blocks: Vec<_> = BLOCK.iter().cycle().take(4 * 10_000).cloned().collect();
        let costly = function(20, blocks);
        assert_eq!(judge(&component(&vec![costly.clone(); 50])), Ok(()));
        assert!(refused(&component(&vec![costly; 200])).contains("microseconds of compilation ahead"));
    }

    #[test]
    fn nested_and_copied_components_are_refused() {
        let nest = |levels: usize| {
            (0..levels).fold(Component::new(), |inner, _| {
                let mut outer = Component::new();
                outer.section(&NestedComponentSection(&inner));
                outer
            })
        };
        assert_eq!(judge(&nest(8).finish()), Ok(()));
        assert!(refused(&nest(9).finish()).contains("levels of nested components"));

        // Each level makes ten instances of the one below: a million of them in all.
        let copied = (0..6).fold(Component::new(), |inner, _| {
            let mut outer = Component::new();
            outer.section(&NestedComponentSection(&inner));
            let mut instances = ComponentInstanceSection::new();
            for _ in 0..10 {
                instances.instantiate(0, Vec::<(&str, ComponentExportKind, u32)>::new());
            }
            outer.section(&instances);
            outer
        });
        assert!(refused(&copied.finish()).contains("instances of components"));

        let mut many = Component::new();
        for _ in 0..600 {
            many.section(&ModuleSection(&Module::new()));
        }
        assert!(refused(&many.finish()).contains("nested components and modules"));

        let mut module = Module::new();
        let mut types = TypeSection::new();
        (0..400_000).for_each(|_| types.ty().function([ValType::I32], []));
        module.section(&types);
        let mut typed = Component::new();
        typed.section(&ModuleSection(&module));
        assert!(refused(&typed.finish()).contains("bytes of types"));
    }
}
