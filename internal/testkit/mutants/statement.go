package mutants

import (
	"go/ast"
	"go/token"
	"go/types"
)

// statements rewrites a list of statements.
func (g *generator) statements(list []ast.Stmt) []ast.Stmt {
	var out []ast.Stmt
	for _, s := range list {
		id := g.leaveOut(s)
		g.statement(s)
		if id != nil {
			s = &ast.IfStmt{Cond: &ast.UnaryExpr{Op: token.NOT, X: call("On", id)}, Body: &ast.BlockStmt{List: []ast.Stmt{s}}}
		}
		out = append(out, s)
	}
	return out
}

// leaveOut makes a mutant without the statement s, if the rest still compiles
// then.
func (g *generator) leaveOut(s ast.Stmt) ast.Expr {
	switch s := s.(type) {
	case *ast.ExprStmt:
		if c, ok := s.X.(*ast.CallExpr); ok {
			if name, ok := c.Fun.(*ast.Ident); ok && name.Name == "panic" {
				return nil
			}
		}
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE || len(s.Lhs) == 1 && isBlank(s.Lhs[0]) {
			return nil
		}
	case *ast.IncDecStmt, *ast.DeferStmt, *ast.GoStmt, *ast.SendStmt:
	case *ast.BranchStmt:
		if s.Tok != token.BREAK && s.Tok != token.CONTINUE {
			return nil
		}
	default:
		return nil
	}
	return g.add("left out", s)
}

func isBlank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}

// dropError makes a mutant that returns no error where there is one, and reports
// whether it did.
func (g *generator) dropError(r *ast.ReturnStmt) bool {
	n := len(r.Results)
	if n == 0 || g.result == nil || !types.Identical(g.result, types.Universe.Lookup("error").Type()) {
		return false
	}
	last := r.Results[n-1]
	if _, tuple := g.info.Types[last].Type.(*types.Tuple); tuple || g.info.Types[last].IsNil() {
		return false
	}
	id := g.add("no error", r)
	r.Results[n-1] = call("NoError", id, g.expr(last))
	return true
}

// statement rewrites the expressions and the statements in s.
func (g *generator) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.ExprStmt:
		s.X = g.expr(s.X)
	case *ast.AssignStmt:
		s.Rhs = g.exprs(s.Rhs)
	case *ast.DeclStmt:
		g.declaration(s)
	case *ast.DeferStmt:
		g.callee(s.Call)
	case *ast.GoStmt:
		g.callee(s.Call)
	case *ast.SendStmt:
		s.Value = g.expr(s.Value)
	case *ast.ReturnStmt:
		g.returns(s)
	case *ast.BlockStmt:
		s.List = g.statements(s.List)
	case *ast.LabeledStmt:
		g.statement(s.Stmt)
	default:
		g.branch(s)
	}
}

// returns rewrites the results of a return.
func (g *generator) returns(s *ast.ReturnStmt) {
	wrapped := g.dropError(s)
	for i, e := range s.Results {
		if !wrapped || i < len(s.Results)-1 {
			s.Results[i] = g.condition("negated", g.expr(e), e)
		}
	}
}

// branch rewrites a statement that chooses or repeats.
func (g *generator) branch(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.IfStmt:
		g.optional(s.Init)
		s.Cond = g.condition("negated", g.expr(s.Cond), s.Cond)
		s.Body.List = g.statements(s.Body.List)
		g.optional(s.Else)
	case *ast.ForStmt:
		g.optional(s.Init)
		if s.Cond != nil {
			s.Cond = g.condition("negated", g.expr(s.Cond), s.Cond)
		}
		g.optional(s.Post)
		s.Body.List = g.statements(s.Body.List)
	case *ast.RangeStmt:
		s.X = g.expr(s.X)
		s.Body.List = g.statements(s.Body.List)
	case *ast.SwitchStmt:
		g.optional(s.Init)
		if s.Tag != nil {
			s.Tag = g.expr(s.Tag)
		}
		g.clauses(s.Body, s.Tag == nil)
	case *ast.TypeSwitchStmt:
		g.optional(s.Init)
		g.clauses(s.Body, false)
	case *ast.SelectStmt:
		g.clauses(s.Body, false)
	}
}

func (g *generator) optional(s ast.Stmt) {
	if s != nil {
		g.statement(s)
	}
}

// clauses rewrites the clauses of a switch or select, whose cases are conditions
// or not.
func (g *generator) clauses(b *ast.BlockStmt, conditions bool) {
	for _, s := range b.List {
		switch c := s.(type) {
		case *ast.CaseClause:
			for i, e := range c.List {
				if conditions {
					c.List[i] = g.condition("negated", g.expr(e), e)
				}
			}
			c.Body = g.statements(c.Body)
		case *ast.CommClause:
			c.Body = g.statements(c.Body)
		}
	}
}

// declaration rewrites the values of variables.
func (g *generator) declaration(s *ast.DeclStmt) {
	d, ok := s.Decl.(*ast.GenDecl)
	if !ok || d.Tok != token.VAR {
		return
	}
	for _, spec := range d.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok {
			v.Values = g.exprs(v.Values)
		}
	}
}
