package mutants

import (
	"go/ast"
	"go/token"
	"go/types"
)

func (g *generator) exprs(list []ast.Expr) []ast.Expr {
	for i, e := range list {
		list[i] = g.expr(e)
	}
	return list
}

// expr rewrites e. The expressions that are not named here stay as they are.
func (g *generator) expr(e ast.Expr) ast.Expr {
	if g.info.Types[e].Value != nil {
		return g.constant(e)
	}
	switch x := e.(type) {
	case *ast.ParenExpr:
		x.X = g.expr(x.X)
	case *ast.UnaryExpr:
		if x.Op != token.AND {
			x.X = g.expr(x.X)
			break
		}
		if lit, ok := x.X.(*ast.CompositeLit); ok {
			g.composite(lit)
		}
	case *ast.BinaryExpr:
		return g.binary(x)
	case *ast.CallExpr:
		g.callee(x)
	case *ast.CompositeLit:
		g.composite(x)
	case *ast.FuncLit:
		g.body(x.Type, x.Body)
	case *ast.IndexExpr:
		if _, isMap := g.info.Types[x.X].Type.Underlying().(*types.Map); !isMap && g.info.Types[x.Index].IsValue() {
			x.Index = g.expr(x.Index)
		}
	case *ast.SliceExpr:
		x.Low, x.High = g.bound(x.Low), g.bound(x.High)
	}
	return e
}

func (g *generator) bound(e ast.Expr) ast.Expr {
	if e == nil {
		return nil
	}
	return g.expr(e)
}

// callee rewrites the arguments of a call, and the function if it is written here.
func (g *generator) callee(c *ast.CallExpr) {
	if lit, ok := c.Fun.(*ast.FuncLit); ok {
		g.body(lit.Type, lit.Body)
	}
	if sel, ok := c.Fun.(*ast.SelectorExpr); ok {
		if inner, ok := sel.X.(*ast.CallExpr); ok {
			g.callee(inner)
		}
	}
	switch fun := g.info.Types[c.Fun]; {
	case fun.IsType():
	case fun.IsBuiltin():
		g.builtin(c)
	default:
		c.Args = g.exprs(c.Args)
	}
}

// builtin rewrites the arguments of those built-in functions that take values of
// any kind.
func (g *generator) builtin(c *ast.CallExpr) {
	switch name, _ := c.Fun.(*ast.Ident); {
	case name == nil:
	case name.Name == "append":
		g.exprs(c.Args[1:])
	case name.Name == "min", name.Name == "max":
		g.exprs(c.Args)
	}
}

func (g *generator) composite(x *ast.CompositeLit) {
	for i, e := range x.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			kv.Value = g.expr(kv.Value)
		} else {
			x.Elts[i] = g.expr(e)
		}
	}
}

// constant rewrites true, false, and the numbers 0 to 2, where a variable may stand
// as well.
func (g *generator) constant(e ast.Expr) ast.Expr {
	t := g.info.Types[e]
	if id, ok := e.(*ast.Ident); ok && (id.Name == "true" || id.Name == "false") {
		on := call("On", g.add("other", e))
		if id.Name == "true" {
			return &ast.UnaryExpr{Op: token.NOT, X: on}
		}
		return on
	}
	lit, ok := e.(*ast.BasicLit)
	basic, isBasic := t.Type.(*types.Basic)
	if !ok || lit.Kind != token.INT || len(lit.Value) != 1 || lit.Value > "2" || !isBasic || basic.Info()&types.IsUntyped != 0 {
		return e
	}
	typed := &ast.CallExpr{Fun: ast.NewIdent(basic.Name()), Args: []ast.Expr{lit}}
	return call("Literal", g.add("one more", e), typed)
}

// condition makes a mutant in which e, which was rewritten, has the opposite value
// of was; it is e itself if that is no condition. Boolean constants are mutants
// already.
func (g *generator) condition(op string, e, was ast.Expr) ast.Expr {
	t := g.info.Types[was]
	if t.Type == nil || t.Value != nil || !isBool(t.Type) {
		return e
	}
	return &ast.BinaryExpr{X: &ast.ParenExpr{X: e}, Op: token.NEQ, Y: call("On", g.add(op, was))}
}

func isBool(t types.Type) bool {
	b, ok := t.(*types.Basic)
	return ok && b.Info()&types.IsBoolean != 0
}

// binary rewrites an operator with its operands.
func (g *generator) binary(x *ast.BinaryExpr) ast.Expr {
	id := g.operator(x)
	shift := x.Op == token.SHL || x.Op == token.SHR
	if !shift {
		x.X, x.Y = g.expr(x.X), g.expr(x.Y)
	}
	if id == nil {
		return x
	}
	switch x.Op {
	case token.LAND, token.LOR:
		right := &ast.FuncLit{
			Type: &ast.FuncType{Params: &ast.FieldList{}, Results: &ast.FieldList{List: []*ast.Field{{Type: ast.NewIdent("bool")}}}},
			Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ReturnStmt{Results: []ast.Expr{x.Y}}}},
		}
		return call(map[token.Token]string{token.LAND: "And", token.LOR: "Or"}[x.Op], id, x.X, right)
	case token.LSS:
		return call("Less", id, x.X, x.Y)
	case token.GTR:
		return call("Less", id, x.Y, x.X)
	case token.LEQ:
		return call("LessEqual", id, x.X, x.Y)
	case token.GEQ:
		return call("LessEqual", id, x.Y, x.X)
	case token.SUB:
		return call("Subtract", id, x.X, x.Y)
	}
	if isString(g.info.Types[x].Type) {
		return call("Join", id, x.X, x.Y)
	}
	return call("Add", id, x.X, x.Y)
}

// operator makes a mutant of the operator of x, if there is another one for it.
func (g *generator) operator(x *ast.BinaryExpr) ast.Expr {
	switch x.Op {
	case token.LAND, token.LOR:
		if !isBool(g.info.Types[x].Type) {
			return nil
		}
	case token.LSS, token.GTR, token.LEQ, token.GEQ:
		if isFunc(g.info.Types[x.X].Type) {
			return nil
		}
	case token.ADD, token.SUB:
		if isUntyped(g.info.Types[x].Type) {
			return nil
		}
	default:
		return nil
	}
	return g.add(x.Op.String(), x)
}

func isString(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

func isUntyped(t types.Type) bool {
	b, ok := t.(*types.Basic)
	return ok && b.Info()&types.IsUntyped != 0
}

func isFunc(t types.Type) bool {
	_, ok := t.(*types.Signature)
	return ok
}
